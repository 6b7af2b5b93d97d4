/** What a fold's model says of one test nodule. */
export interface PredictionRow {
  readonly nodule: string;
  readonly patient: string;
  /** index of the true class */
  readonly label: number;
  /** index of the predicted class; a decision rule may pick another than the most probable */
  readonly prediction: number;
  /** of each class, in 0..1, summing to 1 */
  readonly probabilities: readonly number[];
}

/** The predictions of one fold's test nodules. */
export interface Predictions {
  /** names, in the order of the probabilities */
  readonly classes: readonly string[];
  readonly rows: readonly PredictionRow[];
}

/**
 * The columns before the probabilities. Classes are written by name, so that the file reads without a key and a
 * changed order of classes cannot go unseen.
 */
export const predictionColumns = [
  'nodule',
  'patient',
  'label',
  'prediction',
] as const;

/** Before each class's name in the header: `p_benign`. */
export const probabilityPrefix = 'p_';
