import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import {
  encodeNpy,
  quotedInSpreadsheets,
  toSpreadsheetCell,
} from '@clip-lung/tensor';
import { writeFileAtomic } from '@clip-lung/tensor/node';
import { stringify } from 'csv-stringify/sync';

import type { Dataset, DatasetNodule } from '../../../dataset/nodule.js';
import { InputError } from '../../../errors.js';
import { cropFiles } from './crop-arrays.js';
import type { CropOptions } from './crop-options.js';

/**
 * Writes the nodules of a dataset as a folder of crops, from which `prepare --from crops` makes a dataset that training takes
 * for the same: crops, classes, attributes, folds. What only LIDC-IDRI's files tell is left out, but for its numbers, which
 * become columns.
 *
 * @param dataset read with its margin, where that is to go along
 * @param folder must be new or empty
 * @throws {@link InputError} when it holds something
 */
export async function exportCrops(
  { nodules, crops, manifest }: Dataset,
  folder: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) {
    throw new InputError(
      `${folder}: is not empty; nothing was written. Choose a new or empty folder`,
    );
  }
  const { classes, attributes, collection, split, source } = manifest;
  const options: CropOptions = {
    classes: classes.names,
    ordered: classes.ordered,
    attributes,
    collection,
    ...(source.name === 'crops' && source.force && { force: true }),
  };
  const numbers: readonly string[] =
    source.name === 'lidc' ? ['diameter', 'malignancy'] : manifest.columns;
  const place = split.kind === 'own' ? 'part' : 'fold';
  const columns = [
    ...['id', 'patient', 'class', place],
    ...attributes,
    ...numbers.filter((name) => !attributes.includes(name)),
  ];
  const rows = nodules.map((nodule) => ({
    ...nodule.columns,
    ...ofLidc(nodule),
    ...nodule.ratings,
    id: nodule.id,
    patient: nodule.patient,
    class: nodule.label,
    [place]: nodule[place],
  }));
  const table = stringify(rows, {
    header: true,
    columns,
    cast: { string: toSpreadsheetCell },
    quoted_match: quotedInSpreadsheets,
  });
  await writeFileAtomic(join(folder, cropFiles.crops), encodeNpy(crops));
  await writeFileAtomic(join(folder, cropFiles.table), table);
  await writeFileAtomic(
    join(folder, cropFiles.options),
    `${JSON.stringify(options, null, 2)}\n`,
  );
}

function ofLidc({
  diameter,
  malignancy,
}: DatasetNodule): Readonly<Record<string, number>> {
  return malignancy === null ? {} : { diameter, malignancy };
}
