import type { EpochMetrics } from '@clip-lung/run';
import type { NdArray } from '@clip-lung/tensor';

import { divergedAt, type RunPlace } from './errors.js';

/** Sums over an epoch's batches. */
export class EpochSums {
  #batches = 0;
  #loss = 0;
  #right = 0;
  #nodules = 0;
  readonly #terms = new Map<string, number>();

  /** @throws `TrainingError` when the loss, or a term of it, is not finite */
  add(
    {
      loss,
      terms,
      logits,
    }: {
      loss: NdArray;
      terms: Readonly<Record<string, NdArray>>;
      logits: NdArray;
    },
    labels: Int32Array,
    at: RunPlace,
  ): void {
    const value = Number(loss.data[0]);
    if (!Number.isFinite(value)) {
      throw divergedAt(`the loss is ${value}`, at);
    }
    // A term of weight 0 is no part of the loss, but of the log.
    for (const [name, term] of Object.entries(terms)) {
      const own = Number(term.data[0]);
      if (!Number.isFinite(own))
        throw divergedAt(`the loss "${name}" is ${own}`, at);
    }
    this.#batches += 1;
    this.#loss += value;
    for (const [name, term] of Object.entries(terms)) {
      this.#terms.set(
        name,
        (this.#terms.get(name) ?? 0) + Number(term.data[0]),
      );
    }
    const classes = logits.data.length / labels.length;
    labels.forEach((label, i) => {
      const row = Array.from(
        logits.data.slice(i * classes, (i + 1) * classes),
        Number,
      );
      if (row.indexOf(Math.max(...row)) === label) this.#right += 1;
    });
    this.#nodules += labels.length;
  }

  means(): Pick<EpochMetrics, 'loss' | 'terms' | 'trainAccuracy'> {
    return {
      loss: this.#loss / this.#batches,
      terms: Object.fromEntries(
        [...this.#terms].map(([name, sum]) => [name, sum / this.#batches]),
      ),
      trainAccuracy: this.#right / this.#nodules,
    };
  }
}
