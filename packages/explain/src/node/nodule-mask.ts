import type { Dataset } from '@clip-lung/data';

/** A mask of a nodule; of which kind is part of every figure that is made of it. */
export interface NoduleMask {
  /** a sphere of the nodule's diameter around the middle: datasets keep no masks of the readers */
  readonly kind: 'sphere';
  /** in samples of the crop */
  readonly radius: number;
}

/** Crops are as many diameters wide as the dataset says, their margin included; undefined where it does not. */
export function maskOf({
  manifest,
}: Pick<Dataset, 'manifest'>): NoduleMask | undefined {
  const { size, scale } = manifest.crop;
  if (scale === null) return undefined;
  return { kind: 'sphere', radius: size / scale / 2 };
}
