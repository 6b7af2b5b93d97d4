import { type Attribute, attributes } from '@clip-lung/lidc';

/** The eight attributes, or nine, with malignancy in front of them. */
export type AttributeSet = 'eight' | 'nine';

/** What prompts call an attribute, malignancy among them. */
export type AttributeNames = Readonly<Record<Attribute | 'malignancy', string>>;

/** The attributes in plain words. */
export const attributeNames: AttributeNames = {
  malignancy: 'malignancy',
  subtlety: 'subtlety',
  internalStructure: 'internal structure',
  calcification: 'calcification',
  sphericity: 'sphericity',
  margin: 'margin',
  lobulation: 'lobulation',
  spiculation: 'spiculation',
  texture: 'texture',
};

/**
 * As the published code spells them: one word for "internal structure", of which CLIP makes other tokens.
 *
 * @see https://github.com/ymLeiFDU/CLIP-Lung, models/resnet.py
 */
export const publishedAttributeNames: AttributeNames = {
  ...attributeNames,
  internalStructure: 'internalStructure',
};

/** The M names of a set of attributes, in the order of the LIDC files and of a batch's attribute weights. */
export function namesOfAttributes(
  set: AttributeSet,
  names: AttributeNames = attributeNames,
): readonly string[] {
  const eight = attributes.map((attribute) => names[attribute]);
  return set === 'nine' ? [names.malignancy, ...eight] : eight;
}
