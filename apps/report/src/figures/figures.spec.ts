import { type BandPoint, reliabilityBins } from '@clip-lung/metrics';
import { describe, expect, it } from 'vitest';

import { readSvg, type SvgNode } from '../../test/read-svg.js';
import type { BenefitPoint } from '../net-benefits.js';
import { bandCurve, withoutCollinear } from './band-curve.js';
import { confusionFigure } from './confusion.js';
import { netBenefitFigure } from './net-benefit.js';
import { reliability } from './reliability.js';
import { trainingCurves } from './training-curves.js';

const text = { id: 'f', title: 'A <title>', description: 'What & why' };

/** Half a pixel of 360, in units of an axis from 0 to 1. */
const halfPixel = 0.002;

describe('figures draw the numbers that they are given', () => {
  const curve = [
    { x: 0, y: 0 },
    { x: 0.1, y: 0.5 },
    { x: 0.3, y: 0.75 },
    { x: 1, y: 1 },
  ];
  const bands: BandPoint[] = [
    { place: 0, value: 0, band: { low: 0, high: 0.2 } },
    { place: 0.5, value: 0.8, band: { low: 0.7, high: 0.9 } },
    { place: 0.8, value: 0.9, band: null },
    { place: 1, value: 1, band: { low: 1, high: 1 } },
  ];
  const figure = {
    ...text,
    axes: ['rate', 'sensitivity'] as const,
    ...{ curve, bands, joined: 'lines' as const },
    chance: [
      [0, 0.25],
      [1, 0.25],
    ] as const,
  };

  it('a curve, its band and chance', () => {
    const { svg, pointsOf } = readSvg(bandCurve(figure).text);
    const paths = [...svg.querySelectorAll('path[d]')];
    const line = paths.find((path) => styleOf(path, 'stroke-width') === '2');
    expectPoints(
      pointsOf(line),
      curve.map(({ x, y }) => [x, y]),
    );
    const area = paths.find((path) => styleOf(path, 'fill-opacity') !== null);
    // Along the top from the left, and back along the bottom; what has no band is passed over.
    expectPoints(pointsOf(area), [
      ...[[0, 0.2] as const, [0.5, 0.9] as const, [1, 1] as const],
      ...[[1, 1] as const, [0.5, 0.7] as const, [0, 0] as const],
    ]);
    const chance = paths.find((path) => styleOf(path, 'stroke-dasharray'));
    expectPoints(pointsOf(chance), [
      [0, 0.25],
      [1, 0.25],
    ]);
  });

  it('steps that hold up to the point to which they belong', () => {
    const { svg, pointsOf } = readSvg(
      bandCurve({ ...figure, joined: 'steps' }).text,
    );
    const line = [...svg.querySelectorAll('path[d]')].find(
      (path) => styleOf(path, 'stroke-width') === '2',
    );
    expectPoints(pointsOf(line), [
      ...[[0, 0] as const, [0, 0.5] as const, [0.1, 0.5] as const],
      ...[[0.1, 0.75] as const, [0.3, 0.75] as const, [0.3, 1] as const],
      [1, 1],
    ]);
  });

  it('reliability: a dot a bin, with its band; none for an empty bin', () => {
    const bins = reliabilityBins({
      positive: [true, false, false, true, true, false],
      probabilities: [0.95, 0.12, 0.18, 0.52, 0.58, 0.55],
      patients: ['a', 'b', 'c', 'd', 'e', 'f'],
    });
    const full = bins.filter(({ nodules }) => nodules > 0);
    const { svg, pointAt } = readSvg(reliability({ ...text, bins }).text);
    const number = (node: SvgNode, name: string): number =>
      Number(node.getAttribute(name));
    const dots = [...svg.querySelectorAll('circle')];
    expectPoints(
      dots
        .map((dot) => pointAt(number(dot, 'cx'), number(dot, 'cy')))
        .sort(([one], [other]) => one - other),
      full.map(({ predicted, observed }) => [
        predicted ?? NaN,
        observed ?? NaN,
      ]),
    );
    expect(Math.max(...dots.map((dot) => number(dot, 'r')))).toBe(6);
    const rules = [...svg.querySelectorAll('line')].filter(
      (line) => styleOf(line, 'stroke') === 'var(--a)',
    );
    const banded = full.filter(({ band }) => band !== null);
    expect(banded.length).toBeGreaterThan(1);
    expectPoints(
      rules.flatMap((line) =>
        ['y1', 'y2'].map((y) => pointAt(number(line, 'x1'), number(line, y))),
      ),
      banded.flatMap(({ predicted, band }) => [
        [predicted ?? NaN, band?.low ?? NaN] as const,
        [predicted ?? NaN, band?.high ?? NaN] as const,
      ]),
    );
  });

  it('net benefit, which ends where it is out of sight', () => {
    const points: BenefitPoint[] = [
      { threshold: 0.2, model: 0.3, all: 0.25, band: { low: 0.2, high: 0.4 } },
      { threshold: 0.5, model: 0.1, all: -0.2, band: { low: -9, high: 0.2 } },
      { threshold: 0.8, model: 0.05, all: -2, band: null },
    ];
    const { svg, pointsOf } = readSvg(
      netBenefitFigure({ ...text, points }).text,
    );
    const paths = [...svg.querySelectorAll('path[d]')];
    const model = paths.find(
      (path) =>
        styleOf(path, 'stroke') === 'var(--a)' &&
        styleOf(path, 'stroke-width') === '2',
    );
    expectPoints(
      pointsOf(model),
      points.map(({ threshold, model: value }) => [threshold, value]),
    );
    const area = paths.find((path) => styleOf(path, 'fill-opacity') !== null);
    expectPoints(pointsOf(area), [
      ...[[0.2, 0.4] as const, [0.5, 0.2] as const],
      ...[[0.5, -0.1] as const, [0.2, 0.2] as const],
    ]);
    const all = paths.find((path) => styleOf(path, 'stroke') === 'var(--b)');
    expect(pointsOf(all)[0]?.[1]).toBeCloseTo(0.25, 2);
    expect(pointsOf(all).every(([, y]) => y >= -0.1)).toBe(true);
  });

  it('training: a line a fold, training and validation told apart without colours', () => {
    const values = [0, 1].flatMap((fold) =>
      [0, 1, 2].flatMap((epoch) => [
        { fold, epoch, of: 'training' as const, value: 3 - epoch + fold },
        { fold, epoch, of: 'validation' as const, value: 2 - epoch / 2 },
      ]),
    );
    const { svg, pointsOf } = readSvg(
      trainingCurves({ ...text, values, axis: 'loss' }).text,
    );
    const lines = [...svg.querySelectorAll('path[d]')].filter(
      (path) => styleOf(path, 'stroke-width') === '1.5',
    );
    expect(lines.map((path) => styleOf(path, 'stroke-dasharray'))).toEqual([
      ...[null, null, '5 3', '5 3'],
    ]);
    for (const [fold, line] of lines.slice(0, 2).entries()) {
      for (const [epoch, [x, y]] of pointsOf(line).entries()) {
        expect(x).toBeCloseTo(epoch, 1);
        expect(y).toBeCloseTo(3 - epoch + fold, 1);
      }
    }
  });

  it('the confusion matrix: each count in its place, and its part of the true class', () => {
    const { svg } = readSvg(
      confusionFigure({
        ...text,
        classes: ['benign', 'malignant, and so much more', 'no nodule'],
        confusion: [
          [6, 2, 0],
          [1, 3, 0],
          [0, 0, 0],
        ],
      }).text,
    );
    const shown = [...svg.querySelectorAll('text')].map(
      ({ textContent }) => textContent,
    );
    const counts = shown.filter((one) => /^\d+$/.test(one));
    expect(counts).toEqual(['6', '2', '0', '1', '3', '0', '0', '0', '0']);
    expect(shown.filter((one) => / %$|^–$/.test(one))).toEqual([
      ...['75 %', '25 %', '0 %', '25 %', '75 %', '0 %', '–', '–', '–'],
    ]);
    expect(shown.filter((one) => one === 'malignant, an…')).toHaveLength(2);
  });
});

describe('a figure', () => {
  it('is a picture with a title and a description, and names are text in it', () => {
    const hostile = '<script>alert(1)</script>';
    const { text: drawn } = confusionFigure({
      ...text,
      classes: [hostile, '\u202eb'],
      confusion: [
        [1, 0],
        [0, 1],
      ],
    });
    const { svg } = readSvg(drawn);
    expect(svg.getAttribute('role')).toBe('img');
    expect(svg.getAttribute('aria-labelledby')).toBe('f-title f-desc');
    expect(svg.querySelector('title')?.textContent).toBe('A <title>');
    expect(svg.querySelector('desc')?.textContent).toBe('What & why');
    expect(drawn).not.toMatch(/<script|\u202e|<style|width="360"/);
    expect(drawn).toContain('&lt;script&gt;');
  });

  it('draws the same curve without the points in the middle of straight pieces', () => {
    const points = [
      ...[
        { x: 0, y: 0 },
        { x: 0, y: 0.2 },
        { x: 0, y: 0.5 },
      ],
      ...[
        { x: 0.5, y: 0.5 },
        { x: 0.7, y: 0.5 },
        { x: 1, y: 1 },
      ],
    ];
    expect(withoutCollinear(points)).toEqual([
      ...[
        { x: 0, y: 0 },
        { x: 0, y: 0.5 },
      ],
      ...[
        { x: 0.7, y: 0.5 },
        { x: 1, y: 1 },
      ],
    ]);
  });
});

/** An attribute of an element, or of the group that it is in. */
function styleOf(node: SvgNode, name: string): string | null {
  return node.getAttribute(name) ?? node.parentNode?.getAttribute(name) ?? null;
}

function expectPoints(
  found: readonly (readonly [x: number, y: number])[],
  expected: readonly (readonly [x: number, y: number])[],
): void {
  expect(found).toHaveLength(expected.length);
  for (const [i, [x, y]] of found.entries()) {
    const [wantedX = NaN, wantedY = NaN] = expected[i] ?? [];
    expect(Math.abs(x - wantedX)).toBeLessThan(halfPixel);
    expect(Math.abs(y - wantedY)).toBeLessThan(halfPixel);
  }
}
