/**
 * Labels, predictions or probabilities that do not fit together. It does not extend the project's base error, because
 * this package depends on nothing; `code` and the message follow the same rules.
 */
export class MetricsInputError extends RangeError {
  readonly code = 'metrics-input';

  constructor(message: string) {
    super(message);
    this.name = 'MetricsInputError';
  }
}
