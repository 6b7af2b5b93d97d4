import { lungWindow } from '@clip-lung/lidc';
import { asFileWriteError } from '@clip-lung/tensor/node';
import type { z } from 'zod';

import { expectNoLeak, makeFolds } from '../../dataset/folds.js';
import {
  commonNoduleColumns,
  datasetVersion,
  type Row,
} from '../../dataset/format.js';
import { type Manifest, manifestSchema } from '../../dataset/manifest.js';
import type { Part } from '../../dataset/nodule.js';
import { InputError } from '../../errors.js';
import type { JobOptions } from '../../progress.js';
import { countWarnings, type Warning } from '../../warning.js';
import { DatasetWriter } from '../dataset/dataset-writer.js';
import { expectReplaceable } from '../dataset/out-folder.js';
import { PartialFolder } from '../scratch/partial-folder.js';
import type { PrepareRequest, Source } from './source.js';

/** A nodule that a source has ready: its crop, its class, and what else is known of it. */
export interface SourceNodule {
  readonly id: string;
  readonly patient: string;
  /** one of the source's classes */
  readonly label: string;
  /** HU, [size, size, size], axes z, y, x */
  readonly hu: Int16Array;
  /** a number for each attribute of the source */
  readonly ratings?: Readonly<Record<string, number>>;
  /** a number for each further column of the source */
  readonly columns?: Readonly<Record<string, number>>;
  /** where the source gives the folds */
  readonly fold?: number;
  /** where the source has a split of its own */
  readonly part?: Part;
}

/** What a source has, known before its nodules are read. */
export interface OpenSource {
  readonly source: Manifest['source'];
  readonly collection: Manifest['collection'];
  readonly classes: Manifest['classes'];
  /** of which every nodule has a rating; default none */
  readonly attributes?: readonly string[];
  /** of which every nodule has a number; default none */
  readonly columns?: readonly string[];
  readonly split: Manifest['split'];
  readonly crop: Manifest['crop'];
  readonly warnings?: readonly Warning[];
  /** how many nodules there are */
  readonly total: number;
  readonly nodules: Iterable<SourceNodule> | AsyncIterable<SourceNodule>;
}

/** A source that has its nodules' crops ready. Folds, tables and manifest are made of what it says. */
export interface NoduleSource<Schema extends z.ZodObject>
  extends Omit<Source<Schema>, 'prepare'> {
  open(
    input: string,
    options: z.output<Schema>,
    job: JobOptions,
  ): Promise<OpenSource>;
}

/** The source of a dataset whose crops need not be cut. */
export function sourceOf<Schema extends z.ZodObject>(
  source: NoduleSource<Schema>,
): Source<Schema> {
  return {
    ...source,
    async prepare({ input, out, options, ...job }) {
      await expectReplaceable(out);
      const opened = await source.open(input, options, job);
      try {
        // For its lock, and for what a killed run has left beside the dataset.
        const beside = await PartialFolder.open(out);
        try {
          return await writeNodules(opened, { input, out, ...job });
        } finally {
          await beside.leave();
        }
      } catch (error) {
        throw asFileWriteError(out, error);
      }
    },
  };
}

async function writeNodules(
  source: OpenSource,
  { input, out, ...job }: Omit<PrepareRequest<unknown>, 'options'>,
): Promise<Manifest> {
  const { attributes = [], columns = [], crop } = source;
  const writer = await DatasetWriter.start(out, crop.size);
  try {
    const nodules: Omit<SourceNodule, 'hu'>[] = [];
    const ids = new Set<string>();
    for await (const { hu, ...nodule } of source.nodules) {
      job.signal?.throwIfAborted();
      expectNodule({ hu, ...nodule }, source, input);
      if (ids.has(nodule.id)) {
        throw new InputError(`${input}: has two nodules ${nodule.id}`);
      }
      ids.add(nodule.id);
      await writer.addCrop(hu);
      nodules.push(nodule);
      const done = nodules.length;
      job.onProgress?.({ stage: 'nodules', done, total: source.total });
    }
    const folds = foldsOf(nodules, source);
    expectNoLeak(nodules, (i) => nodules[i]?.part ?? `fold ${folds[i] ?? ''}`);
    const manifest = manifestOf(source, nodules);
    const row = (
      { id, patient, label }: Omit<SourceNodule, 'hu'>,
      numbers: Readonly<Record<string, number>> = {},
    ): Row<string> => ({ id, patient, label, ...numbers });
    const isSplit = source.split.kind === 'own';
    await writer.finish(
      {
        nodules: {
          columns: [...commonNoduleColumns, ...attributes],
          rows: nodules.map((nodule) => row(nodule, nodule.ratings)),
        },
        folds: {
          columns: ['id', 'patient', 'fold', ...(isSplit ? ['part'] : [])],
          rows: nodules.map(({ id, patient, part }, i) => ({
            ...{ id, patient },
            fold: folds[i] ?? NaN,
            ...(part === undefined ? {} : { part }),
          })),
        },
        ...(columns.length > 0 && {
          columns: {
            columns: ['id', ...columns],
            rows: nodules.map((nodule) => row(nodule, nodule.columns)),
          },
        }),
      },
      manifest,
    );
    return manifest;
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** Types promise what a nodule has; a source of your own may promise nothing. */
function expectNodule(
  { id, patient, label, hu, ratings = {}, columns: more = {} }: SourceNodule,
  { classes, attributes = [], columns = [], crop: { size } }: OpenSource,
  input: string,
): void {
  const wrong = (problem: string): never => {
    throw new InputError(`${input}: nodule ${id} ${problem}`);
  };
  if (id === '') throw new InputError(`${input}: a nodule has no id`);
  if (patient === '') wrong('has no patient');
  if (!classes.names.includes(label)) {
    wrong(`is "${label}", expected one of ${classes.names.join(', ')}`);
  }
  if (hu.length !== size ** 3) {
    wrong(`has a crop of ${hu.length} voxels, expected ${size}³`);
  }
  for (const name of attributes) {
    if (!Number.isFinite(ratings[name])) wrong(`has no rating of "${name}"`);
  }
  for (const name of columns) {
    if (!Number.isFinite(more[name])) wrong(`has no number for "${name}"`);
  }
}

function foldsOf(
  nodules: readonly Omit<SourceNodule, 'hu'>[],
  { split, classes }: OpenSource,
): readonly number[] {
  switch (split.kind) {
    case 'made':
      return makeFolds(nodules, { classes: classes.names, ...split });
    case 'given':
      return nodules.map(({ id, fold }) => {
        if (fold !== undefined) return fold;
        throw new InputError(`nodule ${id} has no fold`);
      });
    case 'own':
      return nodules.map(({ part }) => (part === 'test' ? 0 : 1));
  }
}

function manifestOf(
  {
    source,
    collection,
    classes,
    attributes = [],
    columns = [],
    split,
    crop,
    warnings = [],
  }: OpenSource,
  nodules: readonly Omit<SourceNodule, 'hu'>[],
): Manifest {
  return manifestSchema.parse({
    format: 'clip-lung-dataset',
    version: datasetVersion,
    collection,
    source,
    classes,
    attributes,
    columns,
    split,
    window: { ...lungWindow },
    crop,
    counts: {
      nodules: nodules.length,
      labels: Object.fromEntries(
        classes.names.map((name) => [
          name,
          nodules.filter(({ label }) => label === name).length,
        ]),
      ),
      patients: new Set(nodules.map(({ patient }) => patient)).size,
      warnings: countWarnings(warnings),
    },
    warnings,
  } satisfies { [Key in keyof Manifest]?: unknown });
}
