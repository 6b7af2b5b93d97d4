import { readDataset } from '@clip-lung/data/node';
import { describeText, describeWay } from '@clip-lung/evaluator';
import { describeCollection } from '@clip-lung/lidc';
import { ClipLungError } from '@clip-lung/tensor';
import {
  FileReadError,
  isMissing,
  writeFileAtomic,
} from '@clip-lung/tensor/node';
import { open } from 'node:fs/promises';

import { builtInSections } from './built-in-sections.js';
import { comparison } from './comparison.js';
import { html, type Html, named } from './page/html.js';
import { generator, type Link, page } from './page/page.js';
import {
  readReportRun,
  type ReadRunOptions,
  type ReportRun,
} from './report-run.js';
import type { Section } from './section.js';

/** What a report cannot be made of, or written over. */
export class ReportError extends ClipLungError {
  readonly code = 'report';
}

export interface ReportOptions extends ReadRunOptions {
  /** the file to write */
  readonly out: string;
  /** folder of the dataset that the runs were trained on, for slices and for what was left out of it */
  readonly data?: string | undefined;
  /** after the built-in ones, but for how the run was made, which stays last */
  readonly sections?: readonly Section[];
}

export interface WrittenReport {
  readonly out: string;
  readonly bytes: number;
}

/**
 * Writes the report of a run, or of several side by side, as one HTML file that asks for nothing else. An earlier report is
 * written over; any other file is not.
 *
 * @param folders of runs; the others are compared with the first
 * @throws {@link ReportError} for no runs, or a file that is no report; `InconsistentRunError` for a dataset that is not that of
 *   the runs; else as `poolPredictions` and `readDataset`. Nothing is written then
 */
export async function writeReport(
  folders: readonly string[],
  { out, data, sections = [], ...reading }: ReportOptions,
): Promise<WrittenReport> {
  if (folders.length === 0) {
    throw new ReportError('there are no runs, expected at least one');
  }
  await expectReportOrNothing(out);
  const dataset =
    data === undefined
      ? undefined
      : await readDataset(data, { onNote: reading.onNote });
  const read: ReportRun[] = [];
  for (const [place, folder] of folders.entries()) {
    read.push(await readReportRun(folder, { ...reading, place, dataset }));
  }
  const runs = read.map((run, place) =>
    read.some((other) => other !== run && other.name === run.name)
      ? { ...run, name: `${run.name} (${place + 1})` }
      : run,
  );
  const text = await reportOf(runs, withBuiltIn(sections));
  await writeFileAtomic(out, text);
  return { out, bytes: Buffer.byteLength(text) };
}

function withBuiltIn(further: readonly Section[]): readonly Section[] {
  const all = [
    ...builtInSections.slice(0, -1),
    ...further,
    ...builtInSections.slice(-1),
  ];
  const twice = all.find(({ id }, i) => all.findIndex((s) => s.id === id) < i);
  if (twice !== undefined) {
    throw new ReportError(
      `there are two sections with the id "${twice.id}", expected ids that differ`,
    );
  }
  return all;
}

/** The whole page; touches no file. */
async function reportOf(
  runs: readonly ReportRun[],
  sections: readonly Section[],
): Promise<string> {
  const [only, ...others] = runs;
  const contents: Link[] = [];
  const main: Html[] = [];
  if (only !== undefined && others.length === 0) {
    const { parts, links } = await sectionsOf(only, sections, 'h2');
    main.push(...parts);
    contents.push(...links);
  } else {
    contents.push({ id: 'comparison', title: 'Comparison' });
    main.push(
      html`<section aria-labelledby="comparison">
        <h2 id="comparison">Comparison</h2>
        ${await comparison(runs)}
      </section> `,
    );
    for (const run of runs) {
      const { parts, links } = await sectionsOf(run, sections, 'h3');
      main.push(
        html`<section aria-labelledby="${run.key}">
          <h2 id="${run.key}">Run ${named(run.name)}</h2>
          ${parts}
        </section> `,
      );
      contents.push({ id: run.key, title: `Run ${run.name}`, below: links });
    }
  }
  return page({
    title:
      others.length === 0 && only !== undefined
        ? `Report of “${only.name}”`
        : `${runs.length} runs side by side`,
    of: whatTheyAreOf(runs),
    ...{ contents, main },
  });
}

async function sectionsOf(
  run: ReportRun,
  sections: readonly Section[],
  heading: 'h2' | 'h3',
): Promise<{
  readonly parts: readonly Html[];
  readonly links: readonly Link[];
}> {
  const parts: Html[] = [];
  const links: Link[] = [];
  for (const section of sections) {
    const { id: own, title } = section;
    await run.pause();
    const body = await section.render(run);
    if (body === null) continue;
    const id = `${run.key}-${own}`;
    links.push({ id, title });
    // A landmark for each section of each run would be more than anybody finds a way by.
    parts.push(
      heading === 'h2'
        ? html`<section aria-labelledby="${id}">
            <h2 id="${id}">${title}</h2>
            ${body}
          </section> `
        : html`<h3 id="${id}">${title}</h3>
            ${body} `,
    );
  }
  return { parts, links };
}

/** Data, text tower and way to classify, once for runs that have them in common. */
function whatTheyAreOf(
  runs: readonly ReportRun[],
): readonly { readonly words: string; readonly warns: boolean }[] {
  const found = new Map<string, boolean>();
  for (const { record, by } of runs) {
    const words = `${describeCollection(record.data.collection)}; ${describeText(record)}; ${describeWay(by)}`;
    found.set(
      words,
      record.data.collection === 'phantom' || record.text === 'random',
    );
  }
  return [...found].map(([words, warns]) => ({ words, warns }));
}

const headBytes = 2048;

/** @throws {@link ReportError} for a file that `writeReport` has not written */
async function expectReportOrNothing(file: string): Promise<void> {
  const head = await readHead(file);
  if (head === undefined || head.includes(`content="${generator}"`)) return;
  throw new ReportError(
    `${file}: there is a file that is not a report, which would be written over; give another name with --out`,
  );
}

async function readHead(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read({
        buffer: Buffer.alloc(headBytes),
      });
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new FileReadError(file, error);
  }
}
