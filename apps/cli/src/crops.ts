import { cropScale, cropSize, InputError } from '@clip-lung/data';
import { cropAt } from '@clip-lung/data/node';
import { float32, formatShape, type NdArray } from '@clip-lung/tensor';
import { readNpy } from '@clip-lung/tensor/node';

/** Where the crops of `predict` come from. */
export type CropSource =
  | { readonly kind: 'npy'; readonly file: string }
  | {
      readonly kind: 'series';
      readonly folder: string;
      /** in DICOM's patient coordinates, mm */
      readonly at: readonly [x: number, y: number, z: number];
      /** mm */
      readonly diameter: number;
      readonly series: string | undefined;
    };

const crop = [cropSize, cropSize, cropSize] as const;

/**
 * Reads crops in HU.
 *
 * @returns [N, 32, 32, 32], slices first
 * @throws `InputError` for an array that holds no crops of HU, or a folder without the series
 */
export async function readCrops(
  source: CropSource,
  signal: AbortSignal,
): Promise<NdArray<'float32'>> {
  if (source.kind === 'npy') {
    return cropsIn(await readNpy(source.file), source.file);
  }
  const { folder, at, diameter, series } = source;
  const hu = await cropAt(folder, {
    at,
    side: cropScale * diameter,
    series,
    signal,
  });
  return float32([1, ...crop], hu);
}

function cropsIn({ shape, data }: NdArray, file: string): NdArray<'float32'> {
  const one = formatShape(crop);
  const [count = 1] = shape.length === crop.length + 1 ? shape : [1];
  if (formatShape(shape.slice(-crop.length)) !== one || shape.length > 4) {
    throw new InputError(
      `${file}: is ${formatShape(shape)}, expected ${one} or [any, ${crop.join(', ')}], slices first`,
    );
  }
  if (count === 0) throw new InputError(`${file}: holds no crop`);
  const hu = Float32Array.from(data as ArrayLike<number>, Number);
  let low = Infinity;
  let high = -Infinity;
  for (const value of hu) {
    if (!Number.isFinite(value)) {
      throw new InputError(`${file}: holds ${value}, expected HU`);
    }
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  // Crops are mostly lung, and air is −1000.
  if (low >= 0 && high <= 1) {
    throw new InputError(
      `${file}: holds values from ${low} to ${high}, expected HU, which are not scaled`,
    );
  }
  return float32([count, ...crop], hu);
}
