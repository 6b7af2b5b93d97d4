import { type Attribute, attributes } from '@clip-lung/data';

import type { AttributeSet } from './presets.js';

/** The attributes as prompts call them, in the order of the LIDC files. */
export const attributeNames: Readonly<Record<Attribute, string>> = {
  subtlety: 'subtlety',
  internalStructure: 'internal structure',
  calcification: 'calcification',
  sphericity: 'sphericity',
  margin: 'margin',
  lobulation: 'lobulation',
  spiculation: 'spiculation',
  texture: 'texture',
};

/** The M names of a set of attributes, in the order of a batch's attribute weights. */
export function namesOfAttributes(set: AttributeSet): readonly string[] {
  const eight = attributes.map((attribute) => attributeNames[attribute]);
  return set === 'nine' ? ['malignancy', ...eight] : eight;
}
