import { type Attribute, attributes } from '@clip-lung/lidc';

/**
 * Which attributes nodules are compared with: all that the dataset has; LIDC-IDRI's eight, or nine, with malignancy in front of
 * them; or some of the dataset's, by their names.
 */
export type AttributeSet = 'dataset' | 'eight' | 'nine' | readonly string[];

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

/**
 * The M attributes of a set, by the names that a dataset has for them, in the order of a batch's attribute weights.
 *
 * @param ofDataset what the dataset has; without one, LIDC-IDRI's eight
 */
export function attributesIn(
  set: AttributeSet,
  ofDataset: readonly string[] = attributes,
): readonly string[] {
  switch (set) {
    case 'dataset':
      return ofDataset;
    case 'eight':
      return attributes;
    case 'nine':
      return ['malignancy', ...attributes];
    default:
      return set;
  }
}

/** What prompts call attributes: LIDC-IDRI's by the words given, others by their own names. */
export function wordsFor(
  names: readonly string[],
  words: AttributeNames = attributeNames,
): readonly string[] {
  const known = new Map(Object.entries(words));
  return names.map((name) => known.get(name) ?? name);
}

/** What prompts call the attributes of a set, see {@link attributesIn}. */
export function namesOfAttributes(
  set: AttributeSet,
  words: AttributeNames = attributeNames,
): readonly string[] {
  return wordsFor(attributesIn(set), words);
}
