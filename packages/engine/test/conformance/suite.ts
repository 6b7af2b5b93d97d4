import fc from 'fast-check';
import { afterAll, describe, it } from 'vitest';

import type { Engine } from '../../src/engine.js';
import {
  type Case,
  orders,
  type Place,
  places,
  retyped,
  type Sample,
} from './case.js';
import { families } from './cases/index.js';
import { expectSame } from './expect-same.js';

/** Samples drawn for every operation and engine; fast-check prints the seed of one that fails. */
const defaultRuns = 8;
/** Samples for each way of giving the operands otherwise. */
const otherRuns = 3;

/** A sample, how each operand is stored and where it is found, and the seed of the operands' elements. */
interface Run {
  readonly sample: Sample;
  readonly orders: readonly (readonly number[])[];
  readonly places: readonly Place[];
  readonly seed: number;
}

type Places = (count: number) => fc.Arbitrary<readonly Place[]>;

const allAre =
  (place: Place): Places =>
  (count) =>
    fc.constant(new Array<Place>(count).fill(place));

const mixed: Places = (count) =>
  fc.array(fc.constantFrom(...places), { minLength: count, maxLength: count });

/** Declares the tests that hold an engine against tfjs-cpu: every kernel's value, and its gradient where tfjs has one. */
export function conformance(engine: Engine): void {
  afterAll(() => engine.dispose());
  const declare = (
    title: string,
    wanted: (one: Case) => boolean,
    runs: (one: Case) => fc.Arbitrary<Run>,
    numRuns: (one: Case) => number,
  ): void => {
    if (!Object.values(families).flat().some(wanted)) return;
    describe(`${engine.name} against tfjs-cpu, ${title}`, () => {
      describe.each(Object.entries(families))('%s', (_, cases) => {
        const own = cases.filter(wanted).map((one) => [one.op, one] as const);
        it.each(own)('%s', async (_op, one) => {
          await fc.assert(
            fc.asyncProperty(runs(one), async ({ sample, ...how }) => {
              const gradient = one.gradient && sample.gradient !== false;
              await expectSame(engine, sample, { ...how, gradient });
            }),
            { numRuns: numRuns(one) },
          );
        });
      });
    });
  };
  const any = (): boolean => true;
  declare(
    'operands as inputs',
    // tfjs-cpu is what the others are held against.
    () => engine.name !== 'cpu',
    ({ samples }) => runsOf(samples, allAre('input')),
    ({ runs }) => runs ?? defaultRuns,
  );
  declare(
    'operands as constants',
    any,
    ({ samples }) => runsOf(samples, allAre('constant')),
    () => otherRuns,
  );
  declare(
    'operands as inputs, frozen and constants',
    any,
    ({ samples }) => runsOf(samples, mixed),
    () => otherRuns,
  );
  declare(
    'operands of other types',
    ({ otherTypes }) => otherTypes !== false,
    ({ samples }) => runsOf(samples.chain(ofOtherTypes), mixed),
    () => 2 * otherRuns,
  );
}

function runsOf(
  samples: fc.Arbitrary<Sample>,
  placed: Places,
): fc.Arbitrary<Run> {
  return samples.chain((sample) =>
    fc.record({
      sample: fc.constant(sample),
      orders: fc.tuple(
        ...sample.inputs.map(({ shape }) => orders(shape.length)),
      ),
      places: placed(sample.inputs.length),
      seed: fc.nat(),
    }),
  );
}

/** A sample some of whose floats are integers or truth values instead. */
function ofOtherTypes(sample: Sample): fc.Arbitrary<Sample> {
  const { inputs } = sample;
  return fc
    .array(fc.constantFrom('int32', 'int32', 'bool', undefined), {
      minLength: inputs.length,
      maxLength: inputs.length,
    })
    .map((types) => ({
      ...sample,
      gradient: false,
      inputs: inputs.map((input, i) => {
        const type = types[i];
        return input.dtype !== 'float32' || type === undefined
          ? input
          : retyped(input, type);
      }),
    }));
}
