import type { TensorBoardEvent } from './event.js';

/** Scalars by their tags, by step. */
export type ScalarsByStep = ReadonlyMap<number, ReadonlyMap<string, number>>;

/**
 * The scalars that TensorBoard has after all these events: a restart voids what was there of its step and of those after it.
 *
 * @param events of all files of a folder, the first file's first
 */
export function scalarsByStep(
  events: Iterable<TensorBoardEvent>,
): ScalarsByStep {
  const steps = new Map<number, Map<string, number>>();
  for (const event of events) {
    if (event.kind === 'restart') {
      for (const step of [...steps.keys()]) {
        if (step >= event.step) steps.delete(step);
      }
    }
    if (event.kind !== 'summary') continue;
    for (const value of event.values) {
      if (value.kind !== 'scalar') continue;
      const own = steps.get(event.step) ?? new Map<string, number>();
      own.set(value.tag, value.value);
      steps.set(event.step, own);
    }
  }
  return steps;
}
