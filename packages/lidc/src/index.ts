export {
  type Collection,
  collections,
  describeCollection,
  phantomManufacturer,
} from './collection.js';
export {
  airHu,
  cropScale,
  cropSize,
  huWindow,
  type HuWindow,
  lungWindow,
  perHu,
  windowed,
} from './crop.js';
export {
  type Label,
  labelOf,
  labels,
  type LabelStatistic,
  labelStatistics,
  type Rule,
  rules,
} from './label.js';
export {
  keyOfField,
  type NoduleField,
  noduleFields,
  type NoduleFields,
} from './nodule-field.js';
export {
  type Attribute,
  attributes,
  highestRating,
  isInRange,
  perAttribute,
  type RatingName,
  ratingNames,
  type Ratings,
} from './ratings.js';
export {
  type Subset,
  subsets,
  type ValidationUnit,
  validationUnits,
} from './subset.js';
