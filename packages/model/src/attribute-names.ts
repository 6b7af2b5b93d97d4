import type { Attribute } from '@clip-lung/data';

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
