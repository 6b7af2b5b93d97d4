import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { parseJsonText } from '@clip-lung/tensor';

import { InputError } from '../../../errors.js';
import type { JobOptions } from '../../../progress.js';
import type { Warning } from '../../../warning.js';
import { readText } from '../../dataset/text-file.js';
import { defineSource } from '../define-source.js';
import type { SourceNodule } from '../open-source.js';
import { cropFiles, type Crops, openCrops } from './crop-arrays.js';
import { type CropOptions, cropOptions } from './crop-options.js';
import { namesIn } from './crop-folder.js';
import { type CropRow, readCropTable } from './crop-table.js';

/**
 * Nodules that somebody has cropped: a folder with a table, `nodules.csv`, and the crops in HU, as one `crops.npy` or a `.npy`
 * for each. Docs: `docs/own-crops.md`.
 */
export const cropsSource = defineSource({
  name: 'crops',
  reads: `a folder with ${cropFiles.table} (id, patient, class) and ${cropFiles.crops}, or a .npy for each nodule`,
  options: cropOptions,
  async open(folder, given, job) {
    const options = { ...(await optionsIn(folder)), ...given };
    const file = join(folder, cropFiles.table);
    const table = readCropTable(await readText(file), file, options);
    const { force = false, collection = 'other' } = options;
    const crops = await openCrops(folder, table.rows);
    const doubtful = await doubtfulCrops(crops, table.rows, { force, ...job });
    return {
      source: { name: 'crops', force },
      collection,
      classes: table.classes,
      attributes: table.attributes,
      columns: table.columns,
      split: table.split,
      crop: { size: crops.size, scale: null, outside: null },
      warnings: [...table.warnings, ...doubtful],
      total: table.rows.length,
      nodules: nodulesOf(table.rows, crops),
    };
  },
});

async function* nodulesOf(
  rows: readonly CropRow[],
  { read }: Crops,
): AsyncGenerator<SourceNodule> {
  for (const [i, row] of rows.entries()) {
    const { id, patient, label, ratings, columns, fold, part } = row;
    yield {
      ...{ id, patient, label, ratings, columns },
      ...(fold !== undefined && { fold }),
      ...(part !== undefined && { part }),
      hu: (await read(i)).hu,
    };
  }
}

async function optionsIn(folder: string): Promise<CropOptions> {
  const names = await namesIn(folder);
  if (!names.includes(cropFiles.options)) return {};
  const file = join(folder, cropFiles.options);
  const text = await readText(file);
  let json: unknown;
  try {
    json = parseJsonText(text);
  } catch (error) {
    throw new InputError(`${file}: is not JSON (${String(error)})`, {
      cause: error,
    });
  }
  const checked = cropOptions.safeParse(json);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new InputError(
    `${file}: "${issue?.path.join('.') ?? ''}": ${issue?.message ?? 'is not valid'}`,
    { cause: checked.error },
  );
}

/** Of the event loop. */
const cropsBetweenTurns = 64;

/**
 * Looks at all crops before anything is written.
 *
 * @returns a warning for each crop that can hardly be of HU
 * @throws {@link InputError} for the first, unless `force` is set
 */
async function doubtfulCrops(
  { read }: Crops,
  rows: readonly CropRow[],
  { force, signal }: Pick<JobOptions, 'signal'> & { readonly force: boolean },
): Promise<readonly Warning[]> {
  const warnings: Warning[] = [];
  for (const [i, row] of rows.entries()) {
    if (i % cropsBetweenTurns === 0) await setImmediate(undefined, { signal });
    const { odd } = await read(i);
    if (odd === undefined) continue;
    const message = `the crop of nodule ${row.id} ${odd}; expected unscaled HU, with air at −1000`;
    if (!force) {
      row.refuse(`${message}. If they are HU nonetheless, set "force"`);
    }
    warnings.push({ code: 'not-hounsfield', file: row.id, message });
  }
  return warnings;
}
