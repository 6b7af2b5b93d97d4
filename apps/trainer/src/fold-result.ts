/** What a fold came to. Folds and epochs are counted from 0. */
export interface FoldResult {
  readonly fold: number;
  /** on the test nodules, fraction in 0..1 */
  readonly accuracy: number;
  /** mean cross-entropy of the test nodules */
  readonly loss: number;
  /** test nodules */
  readonly nodules: number;
  /** the epoch whose weights were tested */
  readonly epoch: number;
  /** of that epoch; null where the fold holds no nodules out for it */
  readonly validation: {
    readonly accuracy: number;
    readonly loss: number;
  } | null;
}
