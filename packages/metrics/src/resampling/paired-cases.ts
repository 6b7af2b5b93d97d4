import { checkClasses, checkProbabilities } from '../check.js';
import { MetricsInputError } from '../error.js';
import type { Cases } from '../metric.js';

/** What one trained classifier said of nodules, and which nodules they are. */
export interface IdentifiedCases {
  readonly cases: Cases;
  /** IDs, [N] */
  readonly nodules: readonly string[];
  /** of each nodule, its patient, [N] */
  readonly patients: readonly string[];
}

/**
 * Holds classifiers to the same nodules, in the same order, of the same patients, labels and classes,
 * and each to its classes.
 *
 * @param all by name, for the error; the first is what the others are held to
 * @throws {@link MetricsInputError} naming the first that differs, and in what
 */
export function checkSameCases(
  all: readonly (readonly [name: string, of: IdentifiedCases])[],
): void {
  const [first, ...others] = all;
  if (first === undefined) return;
  const [firstName, expected] = first;
  const count = expected.cases.labels.length;
  if (count === 0) {
    throw new MetricsInputError(
      `there are no nodules in ${firstName}, expected at least one`,
    );
  }
  for (const [name, { cases, nodules, patients }] of all) {
    const lengths: readonly (readonly [string, number])[] = [
      ['labels', cases.labels.length],
      ['predictions', cases.predictions.length],
      ['rows of probabilities', cases.probabilities.length],
      ['IDs of nodules', nodules.length],
      ['patients', patients.length],
    ];
    for (const [what, length] of lengths) {
      if (length === count) continue;
      throw new MetricsInputError(
        `there are ${length} ${what} in ${name}, expected ${count}, as there are labels in ${firstName}`,
      );
    }
  }
  checkWithin(firstName, expected.cases);
  for (const [name, found] of others) {
    expectSame('class', found.cases.classes, expected.cases.classes, [
      name,
      firstName,
    ]);
    checkWithin(name, found.cases);
    expectSame('nodule', found.nodules, expected.nodules, [name, firstName]);
    for (const [what, list, other] of [
      ['patient', found.patients, expected.patients],
      ['label', found.cases.labels, expected.cases.labels],
    ] as const) {
      const index = list.findIndex((one, i) => one !== other[i]);
      if (index < 0) continue;
      throw new MetricsInputError(
        `the ${what} of nodule "${expected.nodules[index]}" is ${JSON.stringify(list[index])} in ${name} and ${JSON.stringify(other[index])} in ${firstName}, expected the same`,
      );
    }
  }
}

/** Classes that there are, and a probability for each. */
function checkWithin(
  name: string,
  { classes, labels, predictions, probabilities }: Cases,
): void {
  const found = checkProbabilities(labels, probabilities);
  if (found !== classes.length) {
    throw new MetricsInputError(
      `there are probabilities of ${found} classes in ${name}, expected ${classes.length}: ${classes.join(', ')}`,
    );
  }
  checkClasses(predictions, found, `predictions of ${name}`);
}

function expectSame(
  what: string,
  found: readonly string[],
  expected: readonly string[],
  [name, firstName]: readonly [string, string],
): void {
  const length = Math.max(found.length, expected.length);
  for (let index = 0; index < length; index++) {
    if (found[index] === expected[index]) continue;
    const show = (one: string | undefined): string =>
      one === undefined ? 'missing' : `"${one}"`;
    throw new MetricsInputError(
      `${what} ${index} is ${show(found[index])} in ${name} and ${show(expected[index])} in ${firstName}, expected the same ones in the same order`,
    );
  }
}
