import type { CtSlice } from '../dicom/ct-slice.js';
import { type Storage, storages } from '../dicom/storage.js';
import { transferSyntaxes } from '../dicom/transfer-syntax.js';
import type { Changed, DicomQuirk, Draft, Quirk } from './quirk.js';

type Variant = Pick<CtSlice, 'syntax' | 'storage'>;

const variants: Readonly<Record<DicomQuirk, Variant>> = {
  'implicit-little-endian': { syntax: transferSyntaxes.implicitLittleEndian },
  'explicit-big-endian': { syntax: transferSyntaxes.explicitBigEndian },
  deflated: { syntax: transferSyntaxes.deflated },
  rle: { syntax: transferSyntaxes.rleLossless },
  'jpeg-lossless': { syntax: transferSyntaxes.jpegLossless },
  'jpeg-baseline': {
    syntax: transferSyntaxes.jpegBaseline,
    storage: storages.unsigned8,
  },
  'jpeg-ls': { syntax: transferSyntaxes.jpegLs },
  'jpeg-2000': { syntax: transferSyntaxes.jpeg2000 },
  unsigned: { storage: storages.unsigned12 },
  signed: { storage: storages.signed16 },
  'signed-12-bits': { storage: storages.signed12 },
  'rescale-slope': { storage: storages.halfSlope },
  'padding-value': { storage: storages.padded },
  'padding-range': { storage: storages.paddedRange },
};

/** Writes all slices in another way. */
export function rewrite(quirk: DicomQuirk): Quirk {
  return (draft): Changed => {
    const variant = variants[quirk];
    const slices = draft.slices.map((slice) => ({
      ...slice,
      ...variant,
      outside: outsideOf(slice, variant.storage, draft),
    }));
    return {
      draft: { ...draft, slices },
      placed: { files: [draft.folder], count: slices.length },
    };
  };
}

/** What is outside of the round field of view; it is as wide as it must be to hold all that was marked. */
function outsideOf(
  { columns, rows }: CtSlice,
  storage: Storage | undefined,
  { message }: Draft,
): CtSlice['outside'] {
  if (storage?.padding === undefined) return undefined;
  const [x, y] = [(columns - 1) / 2, (rows - 1) / 2];
  let radius = 0.52 * columns;
  for (const { nodules } of message.sessions) {
    for (const { points } of nodules.flatMap(({ regions }) => regions)) {
      for (let i = 0; i < points.length; i += 2) {
        const away = Math.hypot(
          (points[i] as number) - x,
          (points[i + 1] as number) - y,
        );
        radius = Math.max(radius, away + 3);
      }
    }
  }
  return (pixel) =>
    Math.hypot((pixel % columns) - x, Math.floor(pixel / columns) - y) > radius;
}
