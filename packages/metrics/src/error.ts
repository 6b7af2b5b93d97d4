import { ClipLungError } from '@clip-lung/tensor';

/** Labels, predictions or probabilities that do not fit together, or a metric that does not keep to what it says of itself. */
export class MetricsInputError extends ClipLungError {
  readonly code = 'metrics-input';
}
