/** A make of scanner: what a scan of it looks like on disk and in the image. All of them are simulated. */
export interface Scanner {
  /** Manufacturer's Model Name (0008,1090) */
  readonly model: string;
  /** Convolution Kernel (0018,1210) */
  readonly kernel: string;
  /** how far the kernel sharpens, see `sharpen`: 0 for a soft one */
  readonly sharpening: number;
  /** distance of neighbouring pixels in mm */
  readonly pixelSpacing: number;
  /** slice thickness = distance of slices in mm, a decimal with an exact short form */
  readonly sliceThickness: number;
  readonly slices: number;
  /** standard deviation of the in-plane point spread in mm */
  readonly blur: number;
  /** standard deviation of the noise in HU */
  readonly noise: number;
  /** standard deviation in pixels of the noise's correlation; a sharp kernel has grainy noise */
  readonly noiseGrain: number;
  /** how HU are stored */
  readonly storage: 'unsigned12' | 'signed16';
  /** whether instance 1 is the highest slice, as in most real series, or the lowest */
  readonly firstSlice: 'top' | 'bottom';
}

export const scanners: readonly Scanner[] = [
  {
    model: 'Phantom S1',
    kernel: 'STANDARD',
    sharpening: 0,
    pixelSpacing: 0.65,
    sliceThickness: 1.25,
    slices: 48,
    blur: 0.55,
    noise: 18,
    noiseGrain: 0.8,
    storage: 'unsigned12',
    firstSlice: 'top',
  },
  {
    model: 'Phantom S2',
    kernel: 'LUNG',
    sharpening: 0.45,
    pixelSpacing: 0.7,
    sliceThickness: 1.5,
    slices: 44,
    blur: 0.45,
    noise: 30,
    noiseGrain: 0.5,
    storage: 'signed16',
    firstSlice: 'top',
  },
  {
    model: 'Phantom S3',
    kernel: 'B30f',
    sharpening: 0,
    pixelSpacing: 0.6,
    sliceThickness: 2,
    slices: 36,
    blur: 0.6,
    noise: 14,
    noiseGrain: 1,
    storage: 'signed16',
    firstSlice: 'bottom',
  },
  {
    model: 'Phantom S4',
    kernel: 'BONE',
    sharpening: 0.6,
    pixelSpacing: 0.78,
    sliceThickness: 2.5,
    slices: 30,
    blur: 0.45,
    noise: 24,
    noiseGrain: 0.6,
    storage: 'unsigned12',
    firstSlice: 'top',
  },
  {
    model: 'Phantom S5',
    kernel: 'B60f',
    sharpening: 0.5,
    pixelSpacing: 0.5,
    sliceThickness: 0.6,
    slices: 104,
    blur: 0.4,
    noise: 32,
    noiseGrain: 0.5,
    storage: 'signed16',
    firstSlice: 'top',
  },
  {
    model: 'Phantom S6',
    kernel: 'FC01',
    sharpening: 0,
    pixelSpacing: 0.9,
    sliceThickness: 3,
    slices: 24,
    blur: 0.65,
    noise: 12,
    noiseGrain: 1.1,
    storage: 'unsigned12',
    firstSlice: 'top',
  },
];
