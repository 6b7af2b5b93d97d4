import type { Dataset } from '@clip-lung/data';
import { type Collection, windowed } from '@clip-lung/lidc';
import { at } from '@clip-lung/tensor';

import { encodePng } from './page/png.js';

/** A slice through the middle of a nodule. */
export interface MiddleSlice {
  /** what it shows: `axial`, or which axis of the crop it is across */
  readonly plane: string;
  /** a data URI */
  readonly png: string;
}

/** Crops of DICOM series have their axes along the patient's: z rises towards the head. Of others it is not known. */
const isOriented: Readonly<Record<Collection, boolean>> = {
  'lidc-idri': true,
  phantom: true,
  nodulemnist3d: false,
  other: false,
};

/**
 * The middle slices of a nodule's crop on its three planes, in the window that training takes. Where the axes are the patient's,
 * the head is up in coronal and sagittal slices.
 *
 * @param place of the nodule in the dataset
 */
export function middleSlices(
  { crops, manifest }: Dataset,
  place: number,
): readonly MiddleSlice[] {
  const size = at(crops.shape, 1, 'axes');
  const volume = size ** 3;
  const crop = crops.data.subarray(place * volume, (place + 1) * volume);
  const middle = size >> 1;
  const oriented = isOriented[manifest.collection];
  const headUp = (row: number): number => (oriented ? size - 1 - row : row);
  const grey = (z: number, y: number, x: number): number =>
    Math.round(
      255 *
        windowed(
          at(crop, (z * size + y) * size + x, 'voxels'),
          manifest.window,
        ),
    );
  const draw = (voxel: (row: number, column: number) => number): string => {
    const pixels = Uint8Array.from({ length: size ** 2 }, (_pixel, i) =>
      voxel(Math.floor(i / size), i % size),
    );
    const png = encodePng(pixels, { width: size, height: size });
    return `data:image/png;base64,${png.toString('base64')}`;
  };
  return [
    {
      plane: oriented ? 'axial' : 'across the first axis',
      png: draw((row, column) => grey(middle, row, column)),
    },
    {
      plane: oriented ? 'coronal' : 'across the second',
      png: draw((row, column) => grey(headUp(row), middle, column)),
    },
    {
      plane: oriented ? 'sagittal' : 'across the third',
      png: draw((row, column) => grey(headUp(row), column, middle)),
    },
  ];
}
