import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import {
  builtInMetrics,
  type Cases,
  confusionMatrix,
  measure,
  type Metric,
  metricFigure,
  MetricsInputError,
  whereUndefined,
} from './index.js';

describe('every built-in metric', () => {
  it.each(fixtureCases().map((one) => [one.name, one] as const))(
    'is scikit-learn’s: %s',
    (_name, { cases, expected }) => {
      for (const metric of builtInMetrics) {
        const { value, perClass } = measure(metric, cases);
        const { of, ofClasses } = expected[metric.name];
        if (of === null) expect(value, metric.name).toBeNull();
        else expect(value, metric.name).toBeCloseTo(of, 12);
        expect(perClass?.length, metric.name).toBe(ofClasses?.length);
        for (const [k, one] of ofClasses?.entries() ?? []) {
          if (one === null) expect(perClass?.[k], metric.name).toBeNull();
          else expect(perClass?.[k], metric.name).toBeCloseTo(one, 12);
        }
      }
    },
  );

  it('has the same value where every nodule is drawn once', () => {
    for (const { name, cases } of fixtureCases()) {
      const patients = cases.labels.map((_label, i) => `patient ${i}`);
      for (const metric of builtInMetrics) {
        const { of, kinds } = metricFigure(metric, cases, patients);
        const { value } = measure(metric, cases);
        if (value === null) expect(of(kinds.sizes), name).toBeNull();
        else expect(of(kinds.sizes), name).toBeCloseTo(value, 12);
      }
    }
  });

  it('has names, and names of classes, that differ', () => {
    const names = builtInMetrics.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const ofClasses = (builtInMetrics as readonly Metric[]).flatMap(
      ({ perClass }) => perClass?.name ?? [],
    );
    expect(new Set(ofClasses).size).toBe(ofClasses.length);
  });
});

const two: Cases = {
  classes: ['benign', 'malignant'],
  areOrdered: false,
  labels: [0, 1],
  predictions: [0, 0],
  probabilities: [
    [0.9, 0.1],
    [0.6, 0.4],
  ],
  confusion: [
    [1, 0],
    [1, 0],
  ],
};

const half: Metric = {
  name: 'half',
  label: 'half',
  shownAs: 'decimal',
  range: [0, 1],
  better: 'higher',
  measure: () => ({ value: 0.5 }),
};

describe('a metric of one’s own', () => {
  it('is measured where its needs are met, and has no figure elsewhere', () => {
    const three = { ...two, classes: ['a', 'b', 'c'], areOrdered: true };
    const forTwo: Metric = { ...half, needs: { two: true } };
    const forOrdered: Metric = {
      ...half,
      needs: { ordered: true },
      perClass: { name: 'part', label: 'part' },
      measure: ({ classes }) => ({
        value: 0.5,
        perClass: classes.map(() => 0.5),
      }),
    };
    expect(measure(forTwo, two)).toEqual({ value: 0.5 });
    expect(measure(forTwo, three)).toEqual({ value: null });
    expect(measure(forOrdered, three)).toEqual({
      value: 0.5,
      perClass: [0.5, 0.5, 0.5],
    });
    expect(measure(forOrdered, two)).toEqual({
      value: null,
      perClass: [null, null],
    });
  });

  it('says where it has no value', () => {
    expect(whereUndefined(half)).toBeUndefined();
    expect(
      whereUndefined({
        ...half,
        needs: { ordered: true, two: true },
        undefinedWhen: 'nothing was predicted',
      }),
    ).toBe(
      'the classes have no order, or there are not exactly two classes, or nothing was predicted',
    );
  });

  it.each<[string, Partial<Metric>, RegExp]>([
    [
      'a value outside its range',
      { measure: () => ({ value: 61 }) },
      /the metric "half" gives 61, expected a number in \[0, 1\], as it has no "undefinedWhen"/,
    ],
    ['NaN', { measure: () => ({ value: NaN }) }, /gives NaN, expected/],
    [
      'null, though it never says when',
      { measure: () => ({ value: null }) },
      /gives null, expected a number/,
    ],
    [
      'figures of classes, though it announces none',
      { measure: () => ({ value: 1, perClass: [1, 1] }) },
      /gives figures of 2 classes, expected none, since it has no "perClass"/,
    ],
    [
      'figures of too few classes',
      {
        perClass: { name: 'part', label: 'part' },
        measure: () => ({ value: 1, perClass: [1] }),
      },
      /gives figures of 1 classes, expected 2/,
    ],
    [
      'no figures of classes, though it announces them',
      { perClass: { name: 'part', label: 'part' } },
      /gives figures of no classes, expected 2/,
    ],
  ])('is refused when it gives %s', (_what, change, message) => {
    const metric = { ...half, ...change };
    expect(() => measure(metric, two)).toThrow(MetricsInputError);
    expect(() => measure(metric, two)).toThrow(message);
  });
});

interface Expected {
  readonly of: number | null;
  readonly ofClasses?: readonly (number | null)[];
}

interface FixtureCase {
  readonly name: string;
  readonly labels: readonly number[];
  readonly predictions: readonly number[];
  readonly probabilities: readonly (readonly number[])[];
  readonly accuracy: number;
  readonly perClass: readonly Readonly<
    Record<'precision' | 'recall' | 'f1', number>
  >[];
  readonly macro: Readonly<Record<'precision' | 'recall' | 'f1', number>>;
  readonly auc: readonly (number | null)[];
  readonly macroAuc: number | null;
  readonly brier: number;
  readonly ece: { readonly 15: number };
}

function fixtureCases(): readonly {
  readonly name: string;
  readonly cases: Cases;
  readonly expected: Readonly<
    Record<(typeof builtInMetrics)[number]['name'], Expected>
  >;
}[] {
  const file = new URL('../fixtures/scikit-learn.json', import.meta.url);
  const { cases } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly cases: readonly FixtureCase[];
  };
  return cases.map((one) => {
    const { labels, predictions, probabilities } = one;
    const classes = one.perClass.map((_class, k) => `class ${k}`);
    const score = (name: 'precision' | 'recall' | 'f1'): Expected => ({
      of: one.macro[name],
      ofClasses: one.perClass.map((scores) => scores[name]),
    });
    return {
      name: one.name,
      cases: {
        classes,
        areOrdered: true,
        labels,
        predictions,
        probabilities,
        confusion: confusionMatrix(labels, predictions, classes.length),
      },
      expected: {
        accuracy: { of: one.accuracy },
        macroRecall: score('recall'),
        macroPrecision: score('precision'),
        macroF1: score('f1'),
        auc: { of: one.macroAuc, ofClasses: one.auc },
        ece: { of: one.ece[15] },
        brier: { of: one.brier },
      },
    };
  });
}
