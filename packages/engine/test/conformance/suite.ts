import fc from 'fast-check';
import { afterAll, describe, it } from 'vitest';

import type { Engine } from '../../src/engine.js';
import { type Case, orders, type Sample } from './case.js';
import { families } from './cases/index.js';
import { expectSame } from './expect-same.js';

/** Samples drawn for every operation and engine; fast-check prints the seed of one that fails. */
const defaultRuns = 8;

/** A sample, the order in which each input is stored, and the seed of the inputs' elements. */
interface Run {
  readonly sample: Sample;
  readonly orders: readonly (readonly number[])[];
  readonly seed: number;
}

/** Declares the tests that hold an engine against tfjs-cpu: every kernel's value, and its gradient where tfjs has one. */
export function conformance(engine: Engine): void {
  afterAll(() => engine.dispose());
  describe(`${engine.name} against tfjs-cpu`, () => {
    describe.each(Object.entries(families))('%s', (_, cases) => {
      it.each(cases.map((one) => [one.op, one] as const))(
        '%s',
        async (_op, one) => {
          await fc.assert(
            fc.asyncProperty(runsOf(one), async ({ sample, ...how }) => {
              const gradient = one.gradient && sample.gradient !== false;
              await expectSame(engine, sample, { ...how, gradient });
            }),
            { numRuns: one.runs ?? defaultRuns },
          );
        },
      );
    });
  });
}

function runsOf({ samples }: Case): fc.Arbitrary<Run> {
  return samples.chain((sample) =>
    fc.record({
      sample: fc.constant(sample),
      orders: fc.tuple(
        ...sample.inputs.map(({ shape }) => orders(shape.length)),
      ),
      seed: fc.nat(),
    }),
  );
}
