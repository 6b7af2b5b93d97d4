/** The eight attributes that readers rate, in the order of the LIDC files. Malignancy is the label, never an attribute. */
export const attributes = [
  'subtlety',
  'internalStructure',
  'calcification',
  'sphericity',
  'margin',
  'lobulation',
  'spiculation',
  'texture',
] as const;

export type Attribute = (typeof attributes)[number];

/** All nine ratings of an annotation, in the order of the LIDC files. */
export const ratingNames = [...attributes, 'malignancy'] as const;

export type RatingName = (typeof ratingNames)[number];

/** One reader's nine ratings, whole numbers as annotated, in range or not. */
export type Ratings = Readonly<Record<RatingName, number>>;

/** The highest value of each rating; the lowest is 1. */
export const highestRating: Ratings = {
  subtlety: 5,
  internalStructure: 4,
  calcification: 6,
  sphericity: 5,
  margin: 5,
  lobulation: 5,
  spiculation: 5,
  texture: 5,
  malignancy: 5,
};

export function isInRange(name: RatingName, value: number): boolean {
  return value >= 1 && value <= highestRating[name];
}

/** A record with one value per attribute, in the attributes' order. */
export function perAttribute<T>(
  value: (attribute: Attribute) => T,
): Record<Attribute, T> {
  return {
    subtlety: value('subtlety'),
    internalStructure: value('internalStructure'),
    calcification: value('calcification'),
    sphericity: value('sphericity'),
    margin: value('margin'),
    lobulation: value('lobulation'),
    spiculation: value('spiculation'),
    texture: value('texture'),
  };
}
