const mostSteps = 50;
/**
 * Maximum likelihood of a logistic regression on one variable, of weighed cases, by Newton's method; steps at which the likelihood
 * falls are halved.
 *
 * @returns null where the likelihood has no maximum: all or none are positive, or the variable does not let them overlap
 * @see Albert & Anderson, Biometrika 71 (1984), for where there is a maximum
 */
export function fitLine(
  positive: readonly boolean[],
  logits: Float64Array,
  weights: Float64Array,
): { readonly intercept: number; readonly slope: number } | null {
  if (isDivided(positive, logits, weights)) return null;
  let [intercept, slope] = [0, 0];
  let { likelihood, gradient, curvature } = derivatives(positive, logits, {
    weights,
    intercept,
    slope,
  });
  for (let step = 0; step < mostSteps; step++) {
    const [g0, g1] = gradient;
    const [h00, h01, h11] = curvature;
    const determinant = h00 * h11 - h01 * h01;
    if (!(determinant > 0)) return null;
    let d0 = (h11 * g0 - h01 * g1) / determinant;
    let d1 = (h00 * g1 - h01 * g0) / determinant;
    let next = derivatives(positive, logits, {
      weights,
      intercept: intercept + d0,
      slope: slope + d1,
    });
    for (
      let half = 0;
      half < 30 &&
      !(next.likelihood >= likelihood - 1e-12 * Math.abs(likelihood));
      half++
    ) {
      d0 /= 2;
      d1 /= 2;
      next = derivatives(positive, logits, {
        weights,
        intercept: intercept + d0,
        slope: slope + d1,
      });
    }
    intercept += d0;
    slope += d1;
    ({ likelihood, gradient, curvature } = next);
    if (Math.abs(d0) + Math.abs(d1) < 1e-12 * (1 + Math.abs(slope))) break;
  }
  return { intercept, slope };
}

/** Whether events and others do not overlap in their logits, but for a point at most: then there is no maximum. */
function isDivided(
  positive: readonly boolean[],
  logits: Float64Array,
  weights: Float64Array,
): boolean {
  let [leastEvent, mostEvent] = [Infinity, -Infinity];
  let [leastOther, mostOther] = [Infinity, -Infinity];
  for (let i = 0; i < logits.length; i++) {
    if (weights[i] === 0) continue;
    const logit = logits[i] as number;
    if (positive[i] === true) {
      leastEvent = Math.min(leastEvent, logit);
      mostEvent = Math.max(mostEvent, logit);
    } else {
      leastOther = Math.min(leastOther, logit);
      mostOther = Math.max(mostOther, logit);
    }
  }
  // Without events, or without others, a limit is infinite and the comparison true.
  return leastEvent >= mostOther || leastOther >= mostEvent;
}

function derivatives(
  positive: readonly boolean[],
  logits: Float64Array,
  {
    weights,
    intercept,
    slope,
  }: {
    readonly weights: Float64Array;
    readonly intercept: number;
    readonly slope: number;
  },
) {
  let [likelihood, g0, g1, h00, h01, h11] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < logits.length; i++) {
    const weight = weights[i] as number;
    if (weight === 0) continue;
    const x = logits[i] as number;
    const line = intercept + slope * x;
    const p = 1 / (1 + Math.exp(-line));
    const signed = positive[i] === true ? line : -line;
    // −log(1 + e^−s), in the form that does not overflow.
    likelihood -=
      weight * (Math.max(-signed, 0) + Math.log1p(Math.exp(-Math.abs(signed))));
    const residual = weight * ((positive[i] === true ? 1 : 0) - p);
    const variance = weight * p * (1 - p);
    g0 += residual;
    g1 += residual * x;
    h00 += variance;
    h01 += variance * x;
    h11 += variance * x * x;
  }
  return {
    likelihood,
    gradient: [g0, g1] as const,
    curvature: [h00, h01, h11] as const,
  };
}

/** The a of logit P(event) = a + logit: at it the probabilities add up to the events. Null where all or none are events. */
export function fitOffset(
  positive: readonly boolean[],
  logits: Float64Array,
  weights: Float64Array,
): number | null {
  let events = 0;
  let total = 0;
  for (let i = 0; i < logits.length; i++) {
    total += weights[i] as number;
    if (positive[i] === true) events += weights[i] as number;
  }
  if (events === 0 || events === total) return null;
  // The logits lie within ±17, and that of the frequency is the log of whole numbers.
  let [low, high] = [-100, 100];
  let offset = 0;
  for (let step = 0; step < 200; step++) {
    let [excess, slope] = [-events, 0];
    for (let i = 0; i < logits.length; i++) {
      const p = 1 / (1 + Math.exp(-offset - (logits[i] as number)));
      excess += (weights[i] as number) * p;
      slope += (weights[i] as number) * p * (1 - p);
    }
    if (excess > 0) high = offset;
    else low = offset;
    // Newton's step, or the middle where that leaves the bracket.
    const newton = offset - excess / slope;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    const moved = Math.abs(next - offset);
    offset = next;
    if (moved < 1e-13 * (1 + Math.abs(offset))) break;
  }
  return offset;
}
