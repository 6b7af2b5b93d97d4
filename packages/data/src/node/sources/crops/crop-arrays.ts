import { readdir } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';

import { cropSize } from '@clip-lung/lidc';
import {
  ClipLungError,
  FileFormatError,
  formatShape,
  type NdArray,
} from '@clip-lung/tensor';
import { readNpy } from '@clip-lung/tensor/node';

import { whyNotHounsfield } from '../../../crop/hounsfield-range.js';
import { InputError } from '../../../errors.js';
import type { CropRow } from './crop-table.js';

/** The files of a folder of crops. */
export const cropFiles = {
  table: 'nodules.csv',
  /** all crops in one array; without it, there is a file for each */
  crops: 'crops.npy',
  /** what would else be said on the command line; may be left out */
  options: 'crops.json',
} as const;

/** The largest crop that is taken: four times of what a model sees, as `prepare --margin` has it. */
const largest = 4 * cropSize;

/** A crop in whole HU, and what is odd about its values. */
export interface Crop {
  /** [size, size, size] */
  readonly hu: Int16Array;
  readonly odd: string | undefined;
}

/** The crops of a table's rows. */
export interface Crops {
  /** samples along each side */
  readonly size: number;
  /** the crop of a row of the table */
  readonly read: (row: number) => Promise<Crop>;
}

/**
 * Finds the crops of a table's rows, all in one array or each in a file.
 *
 * @throws {@link InputError} for crops that are not there, or not of one size and type
 */
export async function openCrops(
  folder: string,
  rows: readonly CropRow[],
): Promise<Crops> {
  const together = join(folder, cropFiles.crops);
  const names = await readdir(folder);
  const [first] = rows;
  if (names.includes(cropFiles.crops)) {
    if (first?.file !== undefined) {
      throw new InputError(
        `${folder}: has ${cropFiles.crops}, and the column "file" in ${cropFiles.table}, so its crops are given twice; leave one of them out`,
      );
    }
    const all = await arrayIn(together);
    const [count, ...side] = all.shape;
    const size = sideOf(side, together, '[any, S, S, S]', all.shape);
    if (count !== rows.length) {
      throw new InputError(
        `${together}: holds ${count ?? 0} crops, and ${cropFiles.table} has ${rows.length} rows; expected one for each, in the same order`,
      );
    }
    const read = (row: number): Crop =>
      cropOf(all.data, row, size ** 3, `${together}: crop ${row}`);
    return { size, read: (row) => Promise.resolve().then(() => read(row)) };
  }
  const fileOf = (row: CropRow): string => cropFile(folder, row);
  if (first === undefined) throw new InputError(`${folder}: has no nodules`);
  if (first.file === undefined && !names.includes(`${first.id}.npy`)) {
    throw new InputError(
      `${folder}: has neither ${cropFiles.crops} nor ${first.id}.npy, the crop of its first nodule; expected all crops in one array, or a file for each, named for its id or in the column "file"`,
    );
  }
  const size = sideIn(await arrayIn(fileOf(first)), fileOf(first));
  return {
    size,
    async read(i) {
      const row = rows[i];
      if (row === undefined) throw new RangeError(`there is no row ${i}`);
      const file = fileOf(row);
      const array = await arrayIn(file);
      const own = sideIn(array, file);
      if (own !== size) {
        throw new InputError(
          `${file}: has ${own}³ samples, and ${basename(fileOf(first))} has ${size}³; expected crops of one size`,
        );
      }
      return cropOf(array.data, 0, size ** 3, file);
    },
  };
}

/** Where the crop of a row lies: in the folder, whatever the row says. */
function cropFile(folder: string, row: CropRow): string {
  const name = row.file ?? `${row.id}.npy`;
  const file = join(folder, name);
  const within = relative(resolve(folder), resolve(file));
  if (within !== '' && within !== '..' && !within.startsWith(`..${sep}`)) {
    return file;
  }
  return row.refuse(
    `the crop of nodule ${row.id} would be ${name}, which is not in the folder`,
  );
}

async function arrayIn(file: string): Promise<NdArray> {
  return readNpy(file).catch((error: unknown) => {
    if (error instanceof FileFormatError) {
      throw new InputError(error.message, { cause: error });
    }
    if (error instanceof ClipLungError) {
      throw new InputError(`${error.message}; expected crops in HU`, {
        cause: error,
      });
    }
    throw error;
  });
}

function sideIn({ shape }: NdArray, file: string): number {
  return sideOf(shape, file, '[S, S, S]', shape);
}

function sideOf(
  side: readonly number[],
  file: string,
  expected: string,
  shape: readonly number[],
): number {
  const [size = 0] = side;
  if (
    side.length === 3 &&
    side.every((length) => length === size) &&
    size >= cropSize &&
    size <= largest &&
    size % 2 === 0
  ) {
    return size;
  }
  throw new InputError(
    `${file}: is ${formatShape(shape)}, expected ${expected} with S an even number from ${cropSize} to ${largest}: ${cropSize}³ voxels around the middle of a nodule, or more, which are a margin for augmentation`,
  );
}

/** Voxels `row · length` and on, as whole HU. */
function cropOf(
  data: NdArray['data'],
  row: number,
  length: number,
  place: string,
): Crop {
  const values = data.subarray(row * length, (row + 1) * length);
  if (
    !(
      values instanceof Int16Array ||
      values instanceof Float32Array ||
      values instanceof Float64Array
    )
  ) {
    throw new InputError(
      `${place}: is of ${values.constructor.name.replace(/Array$/, '').toLowerCase()}, expected HU as int16, float32 or float64; in numpy, crops.astype(numpy.int16)`,
    );
  }
  const odd = values.findIndex(
    (hu) => !(Math.round(hu) >= -32768 && hu < 32767.5),
  );
  if (odd >= 0) {
    throw new InputError(
      `${place}: holds ${values[odd]} at voxel ${odd}, expected HU from -32768 to 32767`,
    );
  }
  const hu =
    values instanceof Int16Array
      ? values.slice()
      : Int16Array.from(values, Math.round);
  return { hu, odd: whyNotHounsfield(values) };
}
