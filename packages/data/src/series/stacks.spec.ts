import { describe, expect, it } from 'vitest';

import { sliceFile, type SliceOptions } from '../../test/synthetic.js';
import { readSliceHeader } from '../dicom/header.js';
import { seriesOf } from './series.js';

type Elements = NonNullable<SliceOptions['elements']>;

/** Slices of one stack: at these heights, with these elements, named by a letter. */
function stack(
  name: string,
  heights: readonly number[],
  elements: (k: number) => Elements = () => ({}),
  more: SliceOptions = {},
) {
  const letter = name.charCodeAt(0);
  return heights.map((z, k) =>
    readSliceHeader(
      sliceFile({
        sop: `1.2.3.${letter}.${k}`,
        rows: 4,
        columns: 6,
        position: [0, 0, z],
        elements: elements(k),
        ...more,
      }),
      `${name}${k}.dcm`,
    ),
  );
}

function float(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

/** As many heights from one on, a distance apart. */
const from = (start: number, step: number, count: number): number[] =>
  Array.from({ length: count }, (_, k) => start + k * step);

const named = (...slices: readonly { readonly sopUid: string }[]) => ({
  named: new Set(slices.map(({ sopUid }) => sopUid)),
});

describe('stacks of one series', () => {
  it.each<[string, Elements, Elements]>([
    [
      'Acquisition Number',
      { '00200012': ['IS', '1'] },
      { '00200012': ['IS', '2'] },
    ],
    [
      'Temporal Position Identifier',
      { '00200100': ['IS', '1'] },
      { '00200100': ['IS', '2'] },
    ],
    [
      'Nominal Percentage of Cardiac Phase',
      { '00209241': ['FL', float(40)] },
      { '00209241': ['FL', float(75)] },
    ],
    ['Echo Numbers', { '00180086': ['IS', '1'] }, { '00180086': ['IS', '2'] }],
    ['KVP', { '00180060': ['DS', '80'] }, { '00180060': ['DS', '140'] }],
    ['Contrast/Bolus Agent', {}, { '00180010': ['LO', 'Iodine'] }],
    [
      'Convolution Kernel',
      { '00181210': ['SH', 'B30f'] },
      { '00181210': ['SH', 'B70f'] },
    ],
    [
      'Filter Type',
      { '00181160': ['SH', 'BODY'] },
      { '00181160': ['SH', 'HEAD'] },
    ],
    [
      'Reconstruction Diameter',
      { '00181100': ['DS', '300'] },
      { '00181100': ['DS', '360'] },
    ],
    [
      'Frame of Reference UID',
      { '00200052': ['UI', '1.2.1'] },
      { '00200052': ['UI', '1.2.2'] },
    ],
  ])('are told apart by %s', (name, a, b) => {
    for (const shift of [0.5, 1, 0]) {
      const first = stack('a', from(0, 2, 8), () => a);
      const second = stack('b', from(shift, 2, 8), () => b);
      const slices = [...first, ...second];
      for (const wanted of [first, second]) {
        const {
          positions,
          slices: chosen,
          warnings,
        } = seriesOf(slices, named(...wanted.slice(3, 5)));
        expect(chosen).toEqual(wanted);
        expect(positions[0]).toBe(wanted === first ? 0 : shift);
        expect(warnings.map(({ code }) => code)).toEqual(['other-stack']);
        expect(warnings[0]?.message).toContain(name);
      }
      expect(() => seriesOf(slices)).toThrow(`told apart by ${name}`);
      const both = [first[3], second[4]].flatMap((slice) => slice ?? []);
      expect(() => seriesOf(slices, named(...both))).toThrow(
        /The annotations do not say which is meant/,
      );
    }
  });

  it('are one volume where they follow each other', () => {
    const number = (value: string) => () =>
      ({ '00200012': ['IS', value] }) as const;
    for (const start of [16, 17, 14]) {
      const slices = [
        ...stack('a', from(0, 2, 8), number('1')),
        ...stack('b', from(start, 2, 8), number('2')),
      ];
      const { positions, warnings } = seriesOf(slices);
      // The last place of one and the first of the other may be the same.
      expect(positions).toHaveLength(start === 14 ? 15 : 16);
      expect(warnings.map(({ code }) => code)).not.toContain('other-stack');
    }
    // A slice that fills a gap of the others.
    const holed = [
      ...stack('a', [0, 2, 4, 8, 10], number('1')),
      ...stack('b', [6], number('2')),
    ];
    expect(seriesOf(holed).positions).toEqual([0, 2, 4, 6, 8, 10]);
  });

  it('of ORIGINAL images go before DERIVED ones, unless annotations name these', () => {
    const type = (value: string) => () =>
      ({ '00080008': ['CS', `${value}\\PRIMARY\\AXIAL`] }) as const;
    const original = stack('b', from(0, 2, 8), type('ORIGINAL'));
    const derived = stack('a', from(4, 2, 3), type('DERIVED'));
    const slices = [...derived, ...original];
    expect(seriesOf(slices).slices).toEqual(original);
    expect(seriesOf(slices, named(...derived)).slices).toEqual(derived);
  });

  it('are told apart by another matrix or thickness, which one volume cannot have', () => {
    const narrow = stack('a', from(0, 2, 8));
    const wide = stack('b', from(0, 2, 8), undefined, { rows: 8, columns: 8 });
    expect(seriesOf([...narrow, ...wide], named(...wide)).rows).toBe(8);
    const thick = stack('c', from(0, 4, 4), undefined, { thickness: 4 });
    const found = seriesOf([...narrow, ...thick], named(...thick));
    expect(found).toMatchObject({ spacing: 4, sliceThickness: 4 });
  });

  it.each(['00200013', '00080032', '00080033'])(
    'are told apart by numbers that start anew (%s)',
    (tag) => {
      const numbers = (start: number) => (k: number) => {
        const value = String(start + k);
        return {
          [tag]: tag === '00200013' ? ['IS', value] : ['TM', `1000${value}`],
        } as Elements;
      };
      const first = stack('a', from(0, 2, 8), numbers(10));
      const second = stack('b', from(0.5, 2, 8), numbers(30));
      const slices = [...first, ...second];
      expect(seriesOf(slices, named(...second)).slices).toEqual(second);
      expect(() => seriesOf(slices)).toThrow(/told apart by/);
    },
  );

  const unlike = (...shifts: readonly number[]) =>
    shifts.map((shift, i) => stack('abc'.charAt(i), from(shift, 1.5, 8)));

  it.each([[[0, 0.5]], [[0, 0.65]], [[0, 0.5, 0.8]], [[0, 1.4]]])(
    'are told apart by their distances alone, %j mm apart',
    (shifts) => {
      const stacks = unlike(...shifts);
      for (const wanted of stacks) {
        const { slices } = seriesOf(
          stacks.flat(),
          named(...wanted.slice(2, 4)),
        );
        expect(slices).toEqual(wanted);
      }
      expect(() => seriesOf(stacks.flat())).toThrow(
        /told apart by the distances of their slices: 8 slices \(a0\.dcm …\) of "every 1\.5 mm/,
      );
    },
  );

  it('are one, and uneven, where the slices are numbered so', () => {
    for (const [shift, code] of [
      [0.5, 'slice-gap'],
      [0.65, 'uneven-spacing'],
    ] as const) {
      const heights = [...from(0, 1.5, 8), ...from(shift, 1.5, 8)];
      heights.sort((a, b) => a - b);
      const numbered = stack('a', heights, (k) => ({
        '00200013': ['IS', String(40 - k)],
      }));
      const { warnings, slices } = seriesOf(numbered);
      expect(slices).toHaveLength(16);
      expect(warnings.map((warning) => warning.code)).toEqual([code]);
    }
    // Two parts of different distances are no stacks within each other.
    const parts = stack('a', [...from(0, 2, 8), ...from(17, 3, 6)]);
    expect(seriesOf(parts).slices).toHaveLength(14);
  });
});

describe('slices at one place', () => {
  const at = (z: number, name: string, elements: Elements = {}) =>
    stack(name, [z], () => elements);
  const others = stack('a', [0, 2, 4, 6]);

  it('give way to the one that annotations name, ORIGINAL ones, the lower Instance Number, the first name', () => {
    const pairs = [
      [at(2, 'b'), at(2, 'c'), 'c', ['c']],
      [at(8, 'b'), at(8, 'c'), 'b', []],
      [
        at(8, 'b', { '00200013': ['IS', '9'] }),
        at(8, 'c', { '00200013': ['IS', '4'] }),
        'c',
        [],
      ],
      [
        at(8, 'b', { '00200013': ['IS', '4'] }),
        at(8, 'c', { '00200013': ['IS', '9'] }),
        'c',
        ['c'],
      ],
    ] as const;
    for (const [b, c, kept, names] of pairs) {
      const uids = [...b, ...c].filter(({ file }) =>
        names.some((name) => file.startsWith(name)),
      );
      const { samePlace, slices } = seriesOf(
        [...others, ...b, ...c],
        named(...uids),
      );
      expect(slices.some(({ file }) => file.startsWith(kept))).toBe(true);
      expect(samePlace.every((pair) => pair.kept.file.startsWith(kept))).toBe(
        true,
      );
    }
  });
});

describe('SOP Instance UIDs', () => {
  it('that several places have name none of them', () => {
    const slices = stack('a', from(0, 2, 5), undefined, { sop: '1.2.3.9' });
    const { repeatedUids, warnings, slices: kept } = seriesOf(slices);
    expect(kept).toHaveLength(5);
    expect([...repeatedUids]).toEqual(['1.2.3.9']);
    expect(warnings.map(({ code }) => code)).toEqual(['sop-uid-repeated']);
  });
});

describe('a stack that is not quite straight', () => {
  const shifted = (x: (k: number) => number, count = 12) =>
    Array.from({ length: count }, (_, k) =>
      stack('a', [1.5 * k], undefined, {
        sop: `1.2.3.${k}`,
        position: [x(k), 0, 1.5 * k],
        spacing: [0.7, 0.7],
      }),
    ).flat();

  it('is read where positions are rounded, and told from a tilted gantry where they are not', () => {
    const jitter = (mm: number) => (k: number) => (k % 2 === 0 ? mm : -mm);
    expect(seriesOf(shifted(jitter(0.015))).slices).toHaveLength(12);
    expect(() => seriesOf(shifted(jitter(0.2)))).toThrow(
      /pixels\) beside the line/,
    );
    expect(() => seriesOf(shifted((k) => (k === 7 ? 5 : 0)))).toThrow(
      /lies 5\.00 mm \(7\.14 pixels\) beside the line/,
    );
    // One slice at an end does not turn the line.
    expect(() => seriesOf(shifted((k) => (k === 0 ? 5 : 0)))).toThrow(
      /beside the line/,
    );
    expect(seriesOf(shifted((k) => 0.006 * 1.5 * k)).slices).toHaveLength(12);
    expect(() => seriesOf(shifted((k) => 0.02 * 1.5 * k))).toThrow(
      /gantry is tilted: .* 1\.1°/,
    );
  });
});
