import { join } from 'node:path';

import { cropVolume } from '@clip-lung/data';
import {
  defineSource,
  readTableFile,
  type SourceNodule,
  type TableRow,
  z,
} from '@clip-lung/data/node';
import { readNpy } from '@clip-lung/tensor/node';

/**
 * CT volumes as numpy arrays in HU, and where their nodules are: of each nodule a cube of twice its diameter is cut out, as of
 * LIDC-IDRI's.
 *
 * - `volumes.csv`: volume, patient; dz, dy, dx, the distances of neighbouring voxels in mm
 * - `nodules.csv`: volume; z, y, x, the centre in mm from the middle of the first voxel; diameter in mm; class
 * - `volumes/<volume>.npy`: [slices, rows, columns]
 */
export default defineSource({
  name: 'numpy-volumes',
  reads: 'a folder with volumes.csv, nodules.csv, and volumes/<volume>.npy',
  options: z.strictObject({
    least: z
      .number()
      .min(0)
      .default(3)
      .meta({ argument: 'mm' })
      .describe('leave out nodules of a smaller diameter'),
    folds: z
      .int()
      .min(2)
      .default(5)
      .meta({ argument: 'n' })
      .describe('number of folds, no patient in two'),
  }),
  async open(folder, { least, folds }) {
    const volumes = await readTableFile(
      join(folder, 'volumes.csv'),
      volumeColumns,
    );
    const nodules = await readTableFile(
      join(folder, 'nodules.csv'),
      noduleColumns,
    );
    const kept = nodules.filter((row) => mm(row, 'diameter', 0) >= least);
    return {
      classes: {
        names: [...new Set(kept.map((row) => row.text('class')))].sort(),
        ordered: false,
      },
      columns: ['diameter'],
      split: { kind: 'made', folds, seed: 1 },
      crop: { size: 32, scale: 2, outside: -1000 },
      total: kept.length,
      nodules: nodulesOf(folder, volumes, kept),
    };
  },
});

const volumeColumns = ['volume', 'patient', 'dz', 'dy', 'dx'] as const;
const noduleColumns = ['volume', 'z', 'y', 'x', 'diameter', 'class'] as const;

type VolumeRow = TableRow<(typeof volumeColumns)[number]>;
type NoduleRow = TableRow<(typeof noduleColumns)[number]>;

/** A place along an axis, or a length. */
function mm<Column extends string>(
  row: TableRow<Column>,
  column: Column,
  least = -1e4,
): number {
  return row.number(column, least, 1e4, 'in mm');
}

/** One volume after the other, so that memory holds one. */
async function* nodulesOf(
  folder: string,
  volumes: readonly VolumeRow[],
  nodules: readonly NoduleRow[],
): AsyncGenerator<SourceNodule> {
  const known = new Set(volumes.map((row) => row.text('volume')));
  for (const row of nodules) {
    const volume = row.text('volume');
    if (!known.has(volume)) row.refuse(`volumes.csv has no volume ${volume}`);
  }
  for (const volume of volumes) {
    const name = volume.text('volume');
    const own = nodules.filter((row) => row.text('volume') === name);
    if (own.length === 0) continue;
    const voxels = await readNpy(join(folder, 'volumes', `${name}.npy`));
    const [dz, dy, dx] = [
      mm(volume, 'dz', 0),
      mm(volume, 'dy', 0),
      mm(volume, 'dx', 0),
    ];
    for (const [i, row] of own.entries()) {
      const diameter = mm(row, 'diameter', 0);
      yield {
        id: `${name}-${i + 1}`,
        patient: volume.text('patient'),
        label: row.text('class'),
        columns: { diameter },
        hu: cropVolume(
          { voxels, spacing: [dz, dy, dx] },
          {
            centre: [mm(row, 'z') / dz, mm(row, 'y') / dy, mm(row, 'x') / dx],
            side: 2 * diameter,
          },
        ),
      };
    }
  }
}
