import { normalCdf, normalQuantile } from '../distributions/normal.js';
import { finiteOrNull, type ResampledFigure } from './resampled-figure.js';

/**
 * Which quantiles of the resampled figures are the ends of the BCa interval: corrected for the bias of the figure, by where it
 * stands among those of the resamples, and for its skewness, by leaving out each group once (the jackknife).
 *
 * @param observed the figure of all groups
 * @param found    the figures of the resamples
 * @returns undefined where the correction cannot be computed: all resamples lie on one side, the figure is undefined without
 *   some group, or no group changes it
 * @see Efron, Better Bootstrap Confidence Intervals, JASA 82 (1987); Davison & Hinkley (1997), equations 5.20 and 5.21
 */
export function bcaParts(
  figure: ResampledFigure,
  {
    observed,
    found,
    level,
  }: {
    readonly observed: number;
    readonly found: Float64Array;
    readonly level: number;
  },
): { readonly low: number; readonly high: number } | undefined {
  const bias = normalQuantile(placeAmong(found, observed));
  const acceleration = accelerationOf(figure);
  if (!Number.isFinite(bias) || acceleration === undefined) return undefined;
  const partOf = (part: number): number => {
    const z = bias + normalQuantile(part);
    return normalCdf(bias + z / (1 - acceleration * z));
  };
  return { low: partOf((1 - level) / 2), high: partOf((1 + level) / 2) };
}

/** The part of the resamples below the figure; those that equal it count half. */
function placeAmong(found: Float64Array, observed: number): number {
  let below = 0;
  for (const value of found) {
    below += value < observed ? 1 : value === observed ? 0.5 : 0;
  }
  return below / found.length;
}

/** A sixth of the skewness of the jackknife's values. Groups of one kind leave out the same, so one of them stands for all. */
function accelerationOf({ kinds, of }: ResampledFigure): number | undefined {
  const { sizes } = kinds;
  const drawn = Float64Array.from(sizes);
  const without: number[] = [];
  for (let j = 0; j < sizes.length; j++) {
    const size = sizes[j] as number;
    drawn[j] = size - 1;
    const value = finiteOrNull(of(drawn), `without group of kind ${j}`);
    drawn[j] = size;
    if (value === null) return undefined;
    without.push(value);
  }
  const groups = kinds.kindOf.length;
  const mean =
    without.reduce(
      (total, value, j) => total + value * (sizes[j] as number),
      0,
    ) / groups;
  let squares = 0;
  let cubes = 0;
  for (const [j, value] of without.entries()) {
    squares += (sizes[j] as number) * (mean - value) ** 2;
    cubes += (sizes[j] as number) * (mean - value) ** 3;
  }
  // What differs by rounding alone has no skewness.
  const rounding = Number.EPSILON * Math.max(Math.abs(mean), 1e-300);
  if (Math.sqrt(squares / groups) <= 8 * rounding) return undefined;
  return cubes / (6 * squares ** 1.5);
}
