import {
  type BuiltInFigures,
  builtInMetrics,
  type Cases,
  measure,
  type Metric,
  MetricsInputError,
} from '@clip-lung/metrics';
import { type ClassSummary, summaryKeys } from '@clip-lung/run';
import { at } from '@clip-lung/tensor';

/**
 * The built-in metrics, and then your own.
 *
 * @throws `MetricsInputError` for a name that the summary has already, or that is not made of letters and digits
 */
export function withBuiltIn(own: readonly Metric[]): readonly Metric[] {
  expectFree(
    own.map(({ name }) => name),
    summaryKeys.summary,
  );
  expectFree(
    own.flatMap(({ perClass }) => perClass?.name ?? []),
    summaryKeys.perClass,
  );
  return [...builtInMetrics, ...own];
}

function expectFree(names: readonly string[], taken: readonly string[]): void {
  const seen = new Set(taken);
  for (const name of names) {
    if (!/^[a-z][A-Za-z0-9]*$/.test(name)) {
      throw new MetricsInputError(
        `a metric's name is "${name}", expected a lower-case letter, then letters and digits`,
      );
    }
    if (seen.has(name)) {
      throw new MetricsInputError(
        `a metric's name is "${name}", which the summary already has; give it another`,
      );
    }
    seen.add(name);
  }
}

export interface AllMeasured {
  readonly figures: BuiltInFigures;
  readonly perClass: readonly ClassSummary[];
}

/** Computes all metrics. @param pause awaited between them */
export async function measureAll(
  metrics: readonly Metric[],
  cases: Cases,
  pause: () => Promise<void>,
): Promise<AllMeasured> {
  const figures: Record<string, number | null> = {};
  const ofClasses: Record<string, number | null>[] = cases.classes.map(
    () => ({}),
  );
  for (const metric of metrics) {
    const { value, perClass = [] } = measure(metric, cases);
    figures[metric.name] = value;
    for (const [index, one] of perClass.entries()) {
      if (metric.perClass === undefined) continue;
      at(ofClasses, index)[metric.perClass.name] = one;
    }
    await pause();
  }
  // The built-in ones are among them, by their names.
  return {
    figures: figures as unknown as BuiltInFigures,
    perClass: cases.classes.map(
      (name, index) =>
        ({
          name,
          ...at(ofClasses, index),
          support: at(cases.confusion, index).reduce((a, b) => a + b, 0),
        }) as unknown as ClassSummary,
    ),
  };
}
