/** How the HU of a slice are stored: HU = slope · stored + intercept. */
export interface Storage {
  /** stored bits of the 16 that a pixel takes; 8 take 8 */
  readonly bits: 8 | 12 | 16;
  readonly signed: boolean;
  readonly slope: 1 | 0.5 | 8;
  readonly intercept: number;
  /** stored values, from the first to the second, that stand for no measurement */
  readonly padding?: readonly [from: number, to: number];
}

/** Ways to store HU that the scanners of LIDC-IDRI use, and the rarer ones that the standard allows. */
export const storages = {
  unsigned12: { bits: 12, signed: false, slope: 1, intercept: -1024 },
  signed16: { bits: 16, signed: true, slope: 1, intercept: 0 },
  /** signs that end at bit 11, with nothing above them */
  signed12: { bits: 12, signed: true, slope: 1, intercept: 1024 },
  /** up to 1016 HU, in steps of 8 */
  unsigned8: { bits: 8, signed: false, slope: 8, intercept: -1024 },
  halfSlope: { bits: 16, signed: false, slope: 0.5, intercept: -1024 },
  /** what lies outside of the round field of view has one value */
  padded: {
    bits: 16,
    signed: true,
    slope: 1,
    intercept: 0,
    padding: [-2000, -2000],
  },
  /** … or any value of a range */
  paddedRange: {
    bits: 16,
    signed: true,
    slope: 1,
    intercept: -1024,
    padding: [-3000, -2900],
  },
} as const satisfies Readonly<Record<string, Storage>>;

/**
 * Pixels as they are stored, in little endian.
 *
 * @param hu row-major [rows, columns]
 * @param outside which pixels stand for no measurement; for a storage with padding
 */
export function storedPixels(
  hu: Int16Array,
  { bits, slope, intercept, padding }: Storage,
  outside?: (pixel: number) => boolean,
): Uint8Array {
  if (bits === 8) {
    return Uint8Array.from(hu, (value) =>
      Math.min(Math.round((value - intercept) / slope), 255),
    );
  }
  const bytes = new Uint8Array(2 * hu.length);
  const view = new DataView(bytes.buffer);
  const kept = bits === 12 ? 0xfff : 0xffff;
  for (let i = 0; i < hu.length; i++) {
    let value = ((hu[i] as number) - intercept) / slope;
    if (padding !== undefined && outside?.(i) === true) {
      value = padding[0] + (i % (padding[1] - padding[0] + 1));
    }
    view.setUint16(2 * i, value & kept, true);
  }
  return bytes;
}
