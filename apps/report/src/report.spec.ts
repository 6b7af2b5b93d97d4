import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  bootstrapByPatient,
  evaluateRun,
  identifiedCases,
  uniformOf,
} from '@clip-lung/evaluator';
import {
  accuracyMetric,
  type IdentifiedCases,
  measure,
  pairedDifference,
  reportMetrics,
} from '@clip-lung/metrics';
import { InconsistentRunError, type RunRecord } from '@clip-lung/run';
import { parseHTML } from 'linkedom';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type ForgedRun, forgeDataset, forgeRun } from '../test/forged-run.js';
import { html, ReportError, type ReportOptions, writeReport } from './index.js';
import { readReportRun, type ReportRun } from './report-run.js';

describe('the report of a run', () => {
  it('has the figures of the summary, each with its interval', async () => {
    await forgeRun(at('run'));
    const { document } = await reported(['run'], { resamples: 2000 });
    const summary = await evaluateRun(at('run'));
    const headline = wordsOf(document.querySelector('.headline'));
    expect(headline).toContain(`Accuracy ${percent(summary.accuracy)}`);
    expect(headline).toContain(`gives ${percent(summary.majority)}`);
    const { low, high } = summary.interval.byPatient ?? { low: 0, high: 0 };
    expect(headline).toContain(
      `by patient ${(100 * low).toFixed(1)} to ${percent(high)}`,
    );
    const { tested, pause } = await readReportRun(at('run'), {
      place: 0,
      dataset: undefined,
      resamples: 2000,
    });
    const rows = rowsOf(document, 'Figures over all test nodules');
    expect(rows.map(([label]) => label)).toEqual(
      reportMetrics.map(({ label }) => label),
    );
    for (const [i, metric] of reportMetrics.entries()) {
      const value = measure(metric, tested.cases).value ?? NaN;
      const show = (one: number): string =>
        metric.shownAs === 'percent' ? percent(one) : one.toFixed(3);
      expect(rows[i]?.[1]).toBe(show(value));
      const { cases, patients } = tested;
      const { interval } = await bootstrapByPatient(metric, {
        ...{ cases, patients, pause },
      });
      if (interval === null) {
        expect(rows[i]?.[2]).toBe(`none: ${metric.noInterval}`);
        continue;
      }
      expect(rows[i]?.[2]?.split(' to ')[1]).toBe(show(interval.high));
    }
    expect(rowsOf(document, 'Nodules by true class')).toEqual(
      summary.perClass.map(({ name }, k) => [
        name,
        ...(summary.confusion[k] ?? []).map(String),
      ]),
    );
  });

  it('begins with what the nodules and the texts are, and warns where they mean nothing', async () => {
    await forgeRun(at('phantom'));
    await forgeRun(at('patients'), {
      record: {
        data: {
          ...{ collection: 'lidc-idri', folder: '/nowhere', nodules: 60 },
          ...{ sha256: 'd'.repeat(64), subset: 'A', folds: 3 },
        },
        ...{ text: 'none', textModel: '' },
      },
    });
    const first = async (run: string) => {
      const { document } = await reported([run]);
      const line = document.querySelector('header')?.firstElementChild;
      return [wordsOf(line ?? null), line?.classList.contains('warning')];
    };
    expect(await first('phantom')).toEqual([
      'simulated nodules (phantom): these figures say nothing about patients; random text tower: its features mean nothing; classified by the head',
      true,
    ]);
    expect(await first('patients')).toEqual([
      'LIDC-IDRI; no text tower; classified by the head',
      false,
    ]);
  });

  it('asks for nothing, runs nothing, and is small', async () => {
    await forgeRun(at('run'), { nodules: 2600, folds: 5 });
    const { text, document, bytes } = await reported(['run']);
    expect(bytes).toBeLessThan(5e6);
    expect(bytes).toBe(Buffer.byteLength(text));
    expect(
      document
        .querySelector('meta[http-equiv="Content-Security-Policy"]')
        ?.getAttribute('content'),
    ).toMatch(/^default-src 'none'; style-src 'unsafe-inline'; img-src data:;/);
    expect(
      document.querySelectorAll(
        'script, link, iframe, object, embed, form, base, style ~ style',
      ).length,
    ).toBe(0);
    for (const element of document.querySelectorAll('*')) {
      for (const { name, value } of [...element.attributes]) {
        expect(name).not.toMatch(/^on/i);
        if (/^(src|href|xlink:href|srcset|data|action)$/i.test(name)) {
          expect(value).toMatch(/^(#|data:image\/png;base64,)/);
        }
      }
    }
    expect(text.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(
      /https?:\/\/|url\(|@import/,
    );
    // Nor does it tell whose machine it was.
    expect(text).not.toContain('secret-host');
    expect(text).not.toContain(folder);
  });

  it('has IDs that differ, each link and label pointing to one, and a name for every figure', async () => {
    await forgeRun(at('one'));
    await forgeRun(at('two'), { seed: 2 });
    const { document } = await reported(['one', 'two']);
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const link of document.querySelectorAll('a')) {
      expect(ids).toContain(link.getAttribute('href')?.slice(1));
    }
    for (const element of document.querySelectorAll('[aria-labelledby]')) {
      const labels = (element.getAttribute('aria-labelledby') ?? '').split(' ');
      for (const label of labels) expect(ids).toContain(label);
    }
    const pictures = [...document.querySelectorAll('figure svg')];
    expect(pictures.length).toBe(2 * (2 + 1 + 6 + 2 + 1));
    for (const svg of pictures) {
      expect(svg.getAttribute('role')).toBe('img');
      for (const name of ['title', 'desc']) {
        expect(svg.querySelector(name)?.textContent).toMatch(/\w/);
      }
    }
  });

  it('says which folds are missing, and which figures are undefined and why', async () => {
    await forgeRun(at('run'), {
      without: [1],
      classes: ['cyst', 'tumour', 'other'],
      record: { ordered: false },
      // The last class is nobody's.
      row: (row) => (row.label === 2 ? { ...row, label: 1 } : row),
      epochs: 0,
    });
    const { document } = await reported(['run']);
    const text = wordsOf(document.querySelector('main'));
    expect(text).toContain(
      'Folds without predictions, left out of all figures: 1 (of 3).',
    );
    expect(rowsOf(document, 'Figures by fold')).toContainEqual([
      'fold 1: no predictions',
      ...Array.from({ length: 5 }, () => '–'),
    ]);
    const rows = rowsOf(document, 'Figures over all test nodules');
    expect(
      rows.find(([label]) => label === 'mean absolute error')?.slice(1, 3),
    ).toEqual(['–', 'undefined where the classes have no order']);
    expect(text).toContain(
      'ROC, other Undefined: none of the nodules are of this class',
    );
    expect(text).toContain('there are no training curves');
  });

  it('shows names as text, whatever they say', async () => {
    const classes = [
      '<img src=x onerror=alert(1)>',
      `</script></style></title>"'&amp;${'x'.repeat(300)}`,
      '\u202eשלום مرحبا',
    ];
    const names = {
      nodule: '<script>alert(1)</script>',
      patient: `\u0000\u001b[31m"><b>`,
    };
    const shown = names.patient.replace('\u0000', '');
    await forgeRun(at('run'), {
      classes,
      names: { ...names, patient: shown },
      // So that the nodule is among the hardest.
      row: (row, i) =>
        i > 0
          ? row
          : { ...row, label: 0, prediction: 1, probabilities: [0, 0.5, 0.5] },
      record: {
        textModel: '<svg onload=alert(1)>',
        text: 'clip',
        software: { '<b>': '</td>' },
        experiment: { preset: 'paper', note: '--><script>alert(2)</script>' },
      },
    });
    const { document, text } = await reported(['run']);
    for (const tag of ['script', 'b', 'img']) {
      expect(document.querySelectorAll(tag).length).toBe(0);
    }
    expect(document.querySelectorAll('style').length).toBe(1);
    expect(text).not.toMatch(
      /[\u0000-\u0009\u000b-\u001f\u202a-\u202e\u2066-\u2069]/,
    );
    const cells = rowsOf(document, 'Tested nodules by class').map(
      ([name]) => name,
    );
    expect(cells).toEqual([classes[0], classes[1], '\\u202eשלום مرحبا']);
    const hardest = wordsOf(document.querySelector('.cases li'));
    expect(hardest).toContain(names.nodule);
    expect(hardest).toContain('\\x1b[31m"><b>');
  });

  it('shows slices of the hardest cases where the dataset is given, and holds it to the run', async () => {
    const { data, sha256 } = await forgeDataset(folder, { nodules: 60 });
    const dataset: RunRecord['data'] = {
      collection: 'other',
      folder: '/nowhere',
      ...{ nodules: 60, sha256, folds: 3 },
      subset: 'A',
    };
    await forgeRun(at('run'), { record: { data: dataset } });
    const { document } = await reported(['run'], { data });
    const images = [...document.querySelectorAll('.cases img')];
    expect(images.length).toBe(12 * 3);
    for (const image of images) {
      expect(image.getAttribute('src')).toMatch(/^data:image\/png;base64,\w/);
      expect(image.getAttribute('alt')).toMatch(/^Nodule n\d+, across the/);
    }
    await forgeRun(at('other'), {});
    await expect(reported(['other'], { data })).rejects.toThrow(
      InconsistentRunError,
    );
    await expect(reported(['other'], { data })).rejects.toThrow(
      /is not the dataset that .*other was trained on: the SHA-256/,
    );
    await forgeRun(at('more'), {
      nodules: 63,
      record: { data: dataset },
    });
    await expect(reported(['more'], { data })).rejects.toThrow(
      /nodule "n60", which was tested, is missing/,
    );
  });

  it('takes sections of your own, before how the run was made', async () => {
    await forgeRun(at('run'));
    const own = {
      id: 'readers',
      title: 'Readers & <others>',
      render: () => html`<p>${'as good as <b>'}</p>`,
    };
    const left = { id: 'nothing', title: 'Nothing', render: () => null };
    const { document } = await reported(['run'], { sections: [own, left] });
    const titles = [...document.querySelectorAll('h2')].map(wordsOf);
    expect(titles.slice(-2)).toEqual(['Readers & <others>', 'How it was made']);
    await expect(reported(['run'], { sections: [own, own] })).rejects.toThrow(
      'there are two sections with the id "readers"',
    );
  });

  it('writes over a report, and over nothing else', async () => {
    await forgeRun(at('run'));
    const out = at('precious.csv');
    await writeFile(out, 'id,label\n');
    await expect(reported(['run'], { out })).rejects.toThrow(ReportError);
    expect(await readFile(out, 'utf8')).toBe('id,label\n');
    await reported(['run']);
    await reported(['run']);
    await expect(reported([])).rejects.toThrow('there are no runs');
  });
});

describe('several runs', () => {
  const difference = async (
    one: ForgedRun,
    other: ForgedRun,
  ): Promise<string> => {
    await forgeRun(at('one'), one);
    await forgeRun(at('two'), other);
    const { document } = await reported(['one', 'two']);
    return wordsOf(document.querySelector('section'));
  };

  it('are compared in pairs by nodule', async () => {
    const text = await difference({ skill: 0.2 }, { skill: 1, seed: 2 });
    expect(text).toContain('two against one');
    expect(text).not.toContain('left out');
    const [a, b] = await Promise.all(
      ['one', 'two'].map(async (run) =>
        readReportRun(at(run), { place: 0, dataset: undefined }),
      ),
    );
    const {
      difference: expected,
      interval,
      pValue,
    } = await pairedDifference({
      metric: accuracyMetric,
      a: [sortedCases(a)],
      b: [sortedCases(b)],
      resamples: 100,
      random: uniformOf('comparison'),
    });
    expect(expected).toBeGreaterThan(0);
    expect(text).toContain(
      `accuracy+${percent(expected ?? NaN)}${(100 * (interval?.low ?? NaN)).toFixed(1)} to ${percent(interval?.high ?? NaN)}${pValue?.toFixed(3)}`,
    );
  });

  it('of the same name are told apart', async () => {
    await forgeRun(at('one'));
    await forgeRun(join(folder, 'elsewhere', 'one'), { seed: 2 });
    const { document } = await reported(['one', 'elsewhere/one']);
    expect(wordsOf(document.querySelector('h3'))).toBe(
      'one (2) against one (1)',
    );
  });

  it('of other nodules are compared on those that both have', async () => {
    const text = await difference({ nodules: 60 }, { nodules: 66 });
    expect(text).toContain(
      'compared on the 60 nodules of both; 0 only of “one” and 6 only of “two” are left out (n60, n61, n62, n63, n64, …)',
    );
  });

  it.each<[string, ForgedRun, string]>([
    [
      'classes',
      { classes: ['a', 'b', 'c'] },
      'Not compared: their classes are benign, unsure, malignant and a, b, c',
    ],
    [
      'labels',
      { row: (row, i) => (i === 4 ? { ...row, label: 2 } : row) },
      'Not compared: nodule "n4" is unsure, patient p2 in the one and malignant, patient p2 in the other',
    ],
    [
      'nodules altogether',
      { row: (row) => ({ ...row, nodule: `other-${row.nodule}` }) },
      'Not compared: they have no test nodule in common',
    ],
  ])('with other %s are not, and it is said why', async (_what, other, why) => {
    expect(await difference({}, other)).toContain(why);
  });
});

let folder = '';
const at = (name: string): string => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Its test nodules by ID, whatever folds they are in. */
function sortedCases(run: ReportRun | undefined): IdentifiedCases {
  if (run === undefined) throw new TypeError('there is no such run');
  return identifiedCases(
    run.record,
    [...run.pool.rows].sort((a, b) => (a.nodule < b.nodule ? -1 : 1)),
  );
}

async function reported(
  runs: readonly string[],
  options: Partial<ReportOptions> = {},
) {
  const out = at('report.html');
  const written = await writeReport(runs.map(at), {
    out,
    resamples: 100,
    ...options,
  });
  const text = await readFile(written.out, 'utf8');
  const { document } = parseHTML(text) as unknown as { document: Document };
  return { ...written, text, document };
}

/** What of the DOM is used here. */
interface Element {
  readonly id: string;
  readonly textContent: string;
  readonly attributes: Iterable<{
    readonly name: string;
    readonly value: string;
  }>;
  readonly classList: { contains(name: string): boolean };
  readonly firstElementChild: Element | null;
  getAttribute(name: string): string | null;
  querySelector(selector: string): Element | null;
  querySelectorAll(
    selector: string,
  ): Iterable<Element> & { readonly length: number };
}

type Document = Pick<Element, 'querySelector' | 'querySelectorAll'>;

/** The cells of a table's rows, by the start of its caption. */
function rowsOf(document: Document, caption: string): readonly string[][] {
  const table = [...document.querySelectorAll('table')].find((one) =>
    wordsOf(one.querySelector('caption')).startsWith(caption),
  );
  return [...(table?.querySelectorAll('tbody tr') ?? [])].map((row) =>
    [...row.querySelectorAll('th, td')].map(wordsOf),
  );
}

/** Its text as it is shown: a row of blanks is one. */
function wordsOf(element: Element | null): string {
  return (element?.textContent ?? '').replace(/\s+/g, ' ').trim();
}

function percent(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}
