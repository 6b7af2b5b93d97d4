/**
 * Something odd in a header that did not stop its being read: an element that was passed over, or a reading that only one value
 * allows. The same words for all slices of a series that have it, so that they take its memory once.
 */
export interface HeaderNote {
  /** the kind, fixed for programs to count by: `excess-padding` */
  readonly code: string;
  readonly message: string;
}
