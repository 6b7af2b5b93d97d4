/** logit P(event) = intercept + slope · x. */
export interface LogisticLine {
  readonly intercept: number;
  readonly slope: number;
}

/** Weighed cases of a logistic regression on one variable x. */
export interface LogisticCases {
  /** 1 for an event, else 0, [N] */
  readonly events: Uint8Array;
  /** [N] */
  readonly x: Float64Array;
  /** [N], from 0 */
  readonly weights: Float64Array;
}

const mostSteps = 100;

/**
 * The line of maximum likelihood, by Newton's method; steps at which the likelihood falls are halved.
 *
 * @param start where to begin: the line of similar cases saves steps
 * @returns null where the likelihood has no maximum: all or none are events, or a threshold of x divides them from the others; and
 *   where it is not found in 100 steps, so close to that as it then is
 * @see Albert & Anderson, Biometrika 71 (1984), for where there is a maximum
 */
export function fitLine(
  cases: LogisticCases,
  start: LogisticLine = { intercept: 0, slope: 0 },
): LogisticLine | null {
  if (isDivided(cases)) return null;
  let at = derivatives(cases, start);
  for (let step = 0; step < mostSteps; step++) {
    const [g0, g1] = at.gradient;
    const [h00, h01, h11] = at.curvature;
    const determinant = h00 * h11 - h01 * h01;
    if (!(determinant > 0)) return null;
    let d0 = (h11 * g0 - h01 * g1) / determinant;
    let d1 = (h00 * g1 - h01 * g0) / determinant;
    const least = at.likelihood - 1e-12 * Math.abs(at.likelihood);
    let next = derivatives(cases, moved(at, d0, d1));
    for (let half = 0; half < 40 && !(next.likelihood >= least); half++) {
      d0 /= 2;
      d1 /= 2;
      next = derivatives(cases, moved(at, d0, d1));
    }
    at = next;
    // The error is about the square of the step.
    const size = Math.abs(d0) + Math.abs(d1);
    if (size < 1e-8 * (1 + Math.abs(at.slope))) {
      return { intercept: at.intercept, slope: at.slope };
    }
  }
  return null;
}

function moved(
  { intercept, slope }: LogisticLine,
  d0: number,
  d1: number,
): LogisticLine {
  return { intercept: intercept + d0, slope: slope + d1 };
}

/** Whether events and others overlap in x by less than a range: then there is no maximum. */
function isDivided({ events, x, weights }: LogisticCases): boolean {
  let [leastEvent, mostEvent] = [Infinity, -Infinity];
  let [leastOther, mostOther] = [Infinity, -Infinity];
  for (let i = 0; i < x.length; i++) {
    if (weights[i] === 0) continue;
    const value = x[i] as number;
    if (events[i] === 1) {
      leastEvent = Math.min(leastEvent, value);
      mostEvent = Math.max(mostEvent, value);
    } else {
      leastOther = Math.min(leastOther, value);
      mostOther = Math.max(mostOther, value);
    }
  }
  // Without events, or without others, a limit is infinite and the comparison true.
  return leastEvent >= mostOther || leastOther >= mostEvent;
}

/** The log-likelihood of a line, its gradient, and the negative of its second derivatives. */
function derivatives(
  { events, x, weights }: LogisticCases,
  { intercept, slope }: LogisticLine,
) {
  let [likelihood, g0, g1, h00, h01, h11] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const weight = weights[i] as number;
    if (weight === 0) continue;
    const value = x[i] as number;
    const event = events[i] as number;
    const logit = intercept + slope * value;
    // The forms that do not overflow, from one exponential: e^−|logit|.
    const power = Math.exp(-Math.abs(logit));
    const p = (logit >= 0 ? 1 : power) / (1 + power);
    likelihood +=
      weight * ((event - 1) * logit + Math.min(logit, 0) - Math.log1p(power));
    const residual = weight * (event - p);
    const variance = (weight * power) / (1 + power) ** 2;
    g0 += residual;
    g1 += residual * value;
    h00 += variance;
    h01 += variance * value;
    h11 += variance * value * value;
  }
  return {
    intercept,
    slope,
    likelihood,
    gradient: [g0, g1] as const,
    curvature: [h00, h01, h11] as const,
  };
}

/**
 * The intercept of maximum likelihood where the slope is 1: at it, the probabilities add up to the events. Their sum grows with it,
 * so that Newton's steps are kept within a bracket.
 *
 * @returns null where all or none are events
 */
export function fitIntercept(
  { events, x, weights }: LogisticCases,
  start = 0,
): number | null {
  let count = 0;
  let all = 0;
  for (let i = 0; i < x.length; i++) {
    all += weights[i] as number;
    if (events[i] === 1) count += weights[i] as number;
  }
  if (count === 0 || count === all) return null;
  // Logits lie within ±17, and the frequency's is the logarithm of whole numbers.
  let [low, high] = [-100, 100];
  let intercept = start;
  for (let step = 0; step < mostSteps; step++) {
    let [excess, slope] = [-count, 0];
    for (let i = 0; i < x.length; i++) {
      const weight = weights[i] as number;
      if (weight === 0) continue;
      const p = 1 / (1 + Math.exp(-intercept - (x[i] as number)));
      excess += weight * p;
      slope += weight * p * (1 - p);
    }
    const newton = intercept - excess / slope;
    // The error is about the square of the step.
    if (Math.abs(newton - intercept) < 1e-8 * (1 + Math.abs(newton))) {
      return newton;
    }
    if (excess > 0) high = intercept;
    else low = intercept;
    intercept = newton > low && newton < high ? newton : (low + high) / 2;
  }
  return null;
}
