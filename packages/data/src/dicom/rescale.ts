import { airHu } from '@clip-lung/lidc';

import { decimalOf, type Elements } from './elements.js';
import type { HeaderNote } from '../warning.js';

/** How stored values become HU. */
export type Rescale =
  | {
      /** by the header; or the values are HU as they are stored, which it does not say */
      readonly kind: 'stated' | 'assumed';
      /** HU = slope · stored value + intercept */
      readonly slope: number;
      readonly intercept: number;
    }
  | {
      readonly kind: 'unknown';
      /** `has no Rescale Intercept` */
      readonly reason: string;
    };

/** Which values the pixels can have. */
export interface StoredBits {
  readonly bitsStored: number;
  readonly signed: boolean;
}

/** What Rescale Type says of HU, in the standard's word and in others that are met. */
const hounsfield = ['HU', 'HOUNSFIELD', 'HOUNSFIELD UNIT', 'HOUNSFIELD UNITS'];
const unspecified = ['US', 'UNSPECIFIED'];

/** A CT of 8 bits has steps of 8 or 16 HU. */
const mostSlope = 1000;
/** Fewer different HU tell nothing of a lung. */
const leastRange = 100;

/**
 * Reads what makes HU of the stored values. Without it there are none, and a wrong guess shifts all by 1024: so the slice is marked
 * as one without HU. Signed pixels whose header has neither Rescale Slope nor Intercept are HU already, in the files of programs
 * that write so.
 *
 * @see DICOM PS3.3 §C.11.1 (modality LUT) and §C.8.2.1 (CT image)
 */
export function rescaleOf(
  elements: Elements,
  bits: StoredBits,
  note: (note: HeaderNote) => void,
): Rescale {
  const unknown = (reason: string): Rescale => ({ kind: 'unknown', reason });
  if (elements.has('x00283000')) {
    return unknown(
      'has a Modality LUT Sequence (0028,3000), a table in place of Rescale Slope and Intercept, which is not read',
    );
  }
  const type = elements.text('x00281054');
  const unit = type?.toUpperCase();
  if (unit !== undefined && unspecified.includes(unit)) {
    note({
      code: 'rescale-type-unspecified',
      message: `its Rescale Type is "${unit}" (unspecified); its values are taken as HU`,
    });
  } else if (unit !== undefined && !hounsfield.includes(unit)) {
    return unknown(`has the Rescale Type "${unit.slice(0, 40)}", expected HU`);
  }

  const slope = valueOf(elements, 'x00281053', 'Rescale Slope');
  const intercept = valueOf(elements, 'x00281052', 'Rescale Intercept');
  if (typeof slope === 'string') return unknown(slope);
  if (typeof intercept === 'string') return unknown(intercept);
  if (slope === null && intercept === null) {
    if (!bits.signed) {
      return unknown(
        'has neither Rescale Slope nor Rescale Intercept, and unsigned pixels, which without them hold no HU below 0',
      );
    }
    note({
      code: 'rescale-assumed',
      message:
        'has neither Rescale Slope nor Rescale Intercept; its signed pixels are taken as HU',
    });
    return { kind: 'assumed', slope: 1, intercept: 0 };
  }
  if (slope === null || intercept === null) {
    const lacking = slope === null ? 'Slope' : 'Intercept';
    const other = slope === null ? 'Intercept' : 'Slope';
    return unknown(`has a Rescale ${other}, but no Rescale ${lacking}`);
  }
  const impossible = impossibleRange({ slope, intercept }, bits);
  if (impossible !== undefined) return unknown(impossible);
  return { kind: 'stated', slope, intercept };
}

/** The number, null where it is absent or empty, or what is wrong with it. */
function valueOf(
  elements: Elements,
  tag: string,
  name: string,
): number | string | null {
  const text = elements.text(tag);
  if (text === null) return null;
  const value = decimalOf(text);
  if (Number.isFinite(value)) return value;
  return `has the ${name} "${text.slice(0, 80)}", expected a number`;
}

function impossibleRange(
  { slope, intercept }: { readonly slope: number; readonly intercept: number },
  { bitsStored, signed }: StoredBits,
): string | undefined {
  const count = 2 ** bitsStored;
  const least = signed ? -count / 2 : 0;
  const ends = [least, least + count - 1].map((v) => slope * v + intercept);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const possible =
    low < 0 &&
    high > airHu &&
    high - low >= leastRange &&
    Math.abs(slope) <= mostSlope;
  if (possible) return undefined;
  return `has the Rescale Slope ${slope} and the Rescale Intercept ${intercept}, by which its ${signed ? 'signed' : 'unsigned'} pixels of ${bitsStored} bits hold ${low} to ${high} HU: those of a lung lie from −1000 to 0 and above`;
}
