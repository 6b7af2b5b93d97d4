import { MetricsInputError } from '../error.js';
import { binomial } from './binomial.js';
import type { Kinds } from './group-kinds.js';

/** How many groups of each kind a resample has, [J]. */
type Draw = (random: () => number) => Float64Array;

/** More groups than this take seconds one by one. */
const mostOneByOne = 65_536;
/** One binomial number takes about as long as so many draws. */
const stepsOfBinomial = 16;

/**
 * Draws as many groups as there are, with replacement. Up to 65,536 are drawn one by one. Of more, where kinds are few,
 * their numbers are drawn at once, as the multinomial numbers that they are.
 *
 * @returns the draw, and about how many steps it takes
 */
export function drawOf(kinds: Kinds): {
  readonly draw: Draw;
  readonly steps: number;
} {
  const count = kinds.kindOf.length;
  const steps = stepsOfBinomial * kinds.sizes.length;
  return count > mostOneByOne && count > steps
    ? { draw: (random) => drawNumbers(kinds, random), steps }
    : { draw: (random) => drawOneByOne(kinds, random), steps: count };
}

function drawOneByOne(
  { kindOf, sizes }: Kinds,
  random: () => number,
): Float64Array {
  const drawn = new Float64Array(sizes.length);
  for (let i = 0; i < kindOf.length; i++) {
    const uniform = random();
    const kind = kindOf[Math.floor(uniform * kindOf.length)];
    if (kind === undefined) {
      throw new MetricsInputError(
        `random gave ${uniform}, expected a number in [0, 1)`,
      );
    }
    drawn[kind] = (drawn[kind] as number) + 1;
  }
  return drawn;
}

/** The numbers are multinomial: each is binomial among those that the kinds before it have left. */
function drawNumbers(
  { kindOf, sizes }: Kinds,
  random: () => number,
): Float64Array {
  let toDraw = kindOf.length;
  let groups = kindOf.length;
  return Float64Array.from(sizes, (size) => {
    const drawn = binomial(toDraw, size / groups, random);
    toDraw -= drawn;
    groups -= size;
    return drawn;
  });
}
