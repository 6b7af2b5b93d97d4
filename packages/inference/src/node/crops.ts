import { setImmediate } from 'node:timers/promises';

import { InputError, type Warning, whyNotHounsfield } from '@clip-lung/data';
import { cropAt } from '@clip-lung/data/node';
import { cropScale, cropSize } from '@clip-lung/lidc';
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
      /** mm; {@link usualDiameter} where it is not said, with a warning */
      readonly diameter?: number | undefined;
      /** which, where the folder holds several */
      readonly series?: string | undefined;
    };

export interface CropOptions {
  readonly signal: AbortSignal;
  /** takes what is doubtful, with a warning */
  readonly force: boolean;
}

/** Crops, and what was odd on the way to them. */
export interface Crops {
  /** HU, [N, 32, 32, 32], slices first */
  readonly hu: NdArray<'float32'>;
  readonly warnings: readonly Warning[];
}

/** What a nodule is taken for when nobody says its size, mm. */
export const usualDiameter = 10;

const crop = [cropSize, cropSize, cropSize] as const;

/**
 * Reads crops in HU.
 *
 * @throws `InputError` for an array that holds no crops, or a folder without the series; and unless `force` is set, for values
 *   that can hardly be HU, and for a place whose slices are missing or contradict each other
 */
export async function readCrops(
  source: CropSource,
  { signal, force }: CropOptions,
): Promise<Crops> {
  if (source.kind === 'npy') {
    return cropsIn(await readNpy(source.file), source.file, { signal, force });
  }
  const { folder, at, diameter, series } = source;
  const { hu, warnings } = await cropAt(folder, {
    at,
    side: cropScale * (diameter ?? usualDiameter),
    series,
    force,
    signal,
  });
  return {
    hu: float32([1, ...crop], hu),
    // That the size is a guess has to be known to whoever reads the result, a program as well.
    warnings:
      diameter === undefined ? [assumed(folder), ...warnings] : warnings,
  };
}

function assumed(file: string): Warning {
  const message = `the nodule's diameter is not given: it is assumed to be ${usualDiameter} mm`;
  return { code: 'diameter-assumed', file, message };
}

/** Of the event loop. */
const cropsBetweenTurns = 64;

async function cropsIn(
  { shape, data }: NdArray,
  file: string,
  { signal, force }: CropOptions,
): Promise<Crops> {
  const one = formatShape(crop);
  const [count = 1] = shape.length === crop.length + 1 ? shape : [1];
  if (formatShape(shape.slice(-crop.length)) !== one || shape.length > 4) {
    throw new InputError(
      `${file}: is ${formatShape(shape)}, expected ${one} or [any, ${crop.join(', ')}], slices first`,
    );
  }
  if (count === 0) throw new InputError(`${file}: holds no crop`);
  const hu = Float32Array.from(data as ArrayLike<number>, Number);
  const size = hu.length / count;
  const warnings: Warning[] = [];
  for (let i = 0; i < count; i++) {
    if (i % cropsBetweenTurns === 0) await setImmediate(undefined, { signal });
    const values = hu.subarray(i * size, (i + 1) * size);
    const odd = whyNotHounsfield(values);
    if (odd === undefined) continue;
    const problem = `crop ${i} ${odd}; expected unscaled HU, with air at −1000`;
    if (!force || !values.every(Number.isFinite)) {
      throw new InputError(
        `${file}: ${problem}${values.every(Number.isFinite) ? '. If they are HU nonetheless, set "force"' : ''}`,
      );
    }
    warnings.push({ code: 'not-hounsfield', file, message: problem });
  }
  return { hu: float32([count, ...crop], hu), warnings };
}
