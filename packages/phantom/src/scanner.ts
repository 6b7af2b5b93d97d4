/** A make of scanner: what a scan of it looks like on disk and in the image. All of them are simulated. */
export interface Scanner {
  /** Manufacturer's Model Name (0008,1090) */
  readonly model: string;
  /** Convolution Kernel (0018,1210) */
  readonly kernel: string;
  /** distance of neighbouring pixels in mm for a matrix of 128 */
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
  /** how HU are stored: 12 unsigned bits above −1024, or 16 signed bits */
  readonly storage: 'unsigned-12' | 'signed-16';
  /** whether instance 1 is the highest slice, as in most real series, or the lowest */
  readonly firstSlice: 'top' | 'bottom';
}

export const scanners: readonly Scanner[] = [
  {
    model: 'Phantom S1',
    kernel: 'STANDARD',
    pixelSpacing: 0.65,
    sliceThickness: 1.25,
    slices: 48,
    blur: 0.55,
    noise: 18,
    noiseGrain: 0.8,
    storage: 'unsigned-12',
    firstSlice: 'top',
  },
  {
    model: 'Phantom S2',
    kernel: 'LUNG',
    pixelSpacing: 0.7,
    sliceThickness: 1.5,
    slices: 44,
    blur: 0.45,
    noise: 30,
    noiseGrain: 0.5,
    storage: 'signed-16',
    firstSlice: 'top',
  },
  {
    model: 'Phantom S3',
    kernel: 'B30f',
    pixelSpacing: 0.6,
    sliceThickness: 2,
    slices: 36,
    blur: 0.6,
    noise: 14,
    noiseGrain: 1,
    storage: 'signed-16',
    firstSlice: 'bottom',
  },
  {
    model: 'Phantom S4',
    kernel: 'BONE',
    pixelSpacing: 0.78,
    sliceThickness: 2.5,
    slices: 30,
    blur: 0.45,
    noise: 24,
    noiseGrain: 0.6,
    storage: 'unsigned-12',
    firstSlice: 'top',
  },
];
