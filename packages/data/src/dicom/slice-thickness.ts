import { decimalOf, type Elements } from './elements.js';
import type { HeaderNote } from '../warning.js';

/** Thicker slices do not show a lung nodule. */
const mostThickness = 50;

/**
 * Slice Thickness, mm: null where there is none, or 0, which stands for none. The distance of the slices can take its place, so a
 * value that no slice has is passed over, with a note.
 */
export function thicknessOf(
  elements: Elements,
  note: (note: HeaderNote) => void,
): number | null {
  const text = elements.text('x00180050');
  if (text === null) return null;
  const value = decimalOf(text);
  if (value === 0) return null;
  if (value > 0 && value <= mostThickness) return value;
  note({
    code: 'slice-thickness-ignored',
    message: `its Slice Thickness is "${text.slice(0, 40)}", expected millimetres, over 0 and up to ${mostThickness}; it is ignored`,
  });
  return null;
}
