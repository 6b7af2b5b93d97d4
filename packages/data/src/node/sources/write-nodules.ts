import { lungWindow } from '@clip-lung/lidc';

import { whyNotHounsfield } from '../../crop/hounsfield-range.js';
import { expectNoLeak, makeFolds } from '../../dataset/folds.js';
import {
  commonNoduleColumns,
  datasetVersion,
  type Row,
} from '../../dataset/format.js';
import { type Manifest, manifestSchema } from '../../dataset/manifest.js';
import { InputError, OptionError } from '../../errors.js';
import { countWarnings, type Warning } from '../../warning.js';
import { DatasetWriter } from '../dataset/dataset-writer.js';
import type { OpenSource, SourceNodule } from './open-source.js';
import { expectNodule } from './expect-opened.js';
import type { PrepareRequest } from './source.js';

/** The folder that a dataset is written to, and what its nodules come from. */
type WriteRequest = Omit<PrepareRequest<unknown>, 'options' | 'code'>;

/**
 * Writes the dataset of an opened source, whole or not at all.
 *
 * @param record what the manifest says of the source
 * @throws `InputError` that names the nodule, for one that is not what the source says
 */
export async function writeNodules(
  source: OpenSource,
  record: Manifest['source'],
  { input, out, ...job }: WriteRequest,
): Promise<Manifest> {
  const { attributes = [], columns = [], crop } = source;
  const writer = await DatasetWriter.start(out, crop.size);
  try {
    const nodules: Omit<SourceNodule, 'hu'>[] = [];
    const ids = new Set<string>();
    const doubtful: string[] = [];
    for await (const { hu, ...nodule } of source.nodules) {
      job.signal?.throwIfAborted();
      expectNodule({ hu, ...nodule }, source, input);
      if (ids.has(nodule.id)) {
        throw new InputError(`${input}: has two nodules ${nodule.id}`);
      }
      ids.add(nodule.id);
      // The sources that are built in have looked, each in its way.
      if (record.name === 'own') {
        const odd = whyNotHounsfield(hu);
        if (odd !== undefined) doubtful.push(`that of ${nodule.id} ${odd}`);
      }
      await writer.addCrop(hu);
      nodules.push(nodule);
      const done = nodules.length;
      job.onProgress?.({ stage: 'nodules', done, total: source.total });
    }
    if (nodules.length === 0) {
      throw new InputError(
        `${input}: the source found no nodules in it; expected some of each class`,
      );
    }
    const folds = foldsOf(nodules, source);
    expectNoLeak(nodules, (i) => nodules[i]?.part ?? `fold ${folds[i] ?? ''}`);
    const warnings = [...(source.warnings ?? []), ...doubtsOf(doubtful, input)];
    const manifest = manifestOf({ ...source, warnings }, record, nodules);
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

/** One warning for all crops that can hardly be of HU. */
function doubtsOf(
  doubtful: readonly string[],
  input: string,
): readonly Warning[] {
  const [first] = doubtful;
  if (first === undefined) return [];
  return [
    {
      code: 'not-hounsfield',
      file: input,
      message: `${doubtful.length} crops can hardly be of HU, which are not scaled and have air at −1000: ${first}`,
    },
  ];
}

function foldsOf(
  nodules: readonly Omit<SourceNodule, 'hu'>[],
  { split, classes }: OpenSource,
): readonly number[] {
  switch (split.kind) {
    case 'made': {
      const patients = new Set(nodules.map(({ patient }) => patient)).size;
      if (patients < split.folds) {
        throw new OptionError(
          `folds is ${split.folds}, and there are ${patients} patients, none of whom is in two folds; expected at most as many folds as patients`,
        );
      }
      return makeFolds(nodules, { classes: classes.names, ...split });
    }
    case 'given':
      return nodules.map(({ id, fold }) => {
        if (fold !== undefined) return fold;
        throw new RangeError(`nodule ${id} has no fold`);
      });
    case 'own':
      return nodules.map(({ part }) => (part === 'test' ? 0 : 1));
  }
}

function manifestOf(
  {
    collection = 'other',
    classes,
    attributes = [],
    columns = [],
    split,
    crop,
    warnings = [],
  }: OpenSource,
  source: Manifest['source'],
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
