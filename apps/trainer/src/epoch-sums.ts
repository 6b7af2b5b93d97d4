import type { EpochMetrics, EpochTotals } from '@clip-lung/run';
import type { NdArray } from '@clip-lung/tensor';

import { divergedAt, type RunPlace } from './errors.js';

const nothing: EpochTotals = { loss: 0, nodules: 0, right: 0, terms: {} };

/** Sums over an epoch's batches. */
export class EpochSums {
  #totals: EpochTotals;

  /** @param totals of the batches that are done already; default none */
  constructor(totals: EpochTotals = nothing) {
    this.#totals = totals;
  }

  /** @throws `TrainingError` when a term of the loss, their sum, or the gradients' norm is not finite */
  add(
    {
      loss,
      terms,
      logits,
      gradientNorm,
    }: {
      readonly loss: NdArray;
      readonly terms: Readonly<Record<string, NdArray>>;
      readonly logits: NdArray;
      /** where gradients are clipped */
      readonly gradientNorm?: NdArray | undefined;
    },
    labels: Int32Array,
    at: RunPlace,
  ): void {
    const before = this.#totals;
    const own = Object.entries(terms).map(
      ([name, term]) => [name, Number(term.data[0])] as const,
    );
    // A term of weight 0 is no part of the loss, but of the log.
    for (const [name, value] of own) {
      if (Number.isFinite(value)) continue;
      throw divergedAt(`the loss "${name}" is ${value}`, at);
    }
    const value = Number(loss.data[0]);
    if (!Number.isFinite(value)) {
      throw divergedAt(
        `the loss is ${value}, each of its terms being finite,`,
        at,
      );
    }
    const norm = gradientNorm && Number(gradientNorm.data[0]);
    if (norm !== undefined && !Number.isFinite(norm)) {
      throw divergedAt(`the norm of the gradients is ${norm}`, at);
    }
    this.#totals = {
      loss: before.loss + value,
      nodules: before.nodules + labels.length,
      right: before.right + countRight(logits, labels),
      terms: Object.fromEntries(
        own.map(([name, term]) => [name, (before.terms[name] ?? 0) + term]),
      ),
      ...(norm !== undefined && {
        gradientNorm: (before.gradientNorm ?? 0) + norm,
      }),
    };
  }

  totals(): EpochTotals {
    return this.#totals;
  }

  /** @param of how many steps were added, and how many batches each has */
  means({
    steps,
    accumulate,
  }: {
    readonly steps: number;
    readonly accumulate: number;
  }): Pick<EpochMetrics, 'loss' | 'terms' | 'gradientNorm' | 'trainAccuracy'> {
    const batches = steps * accumulate;
    const { loss, terms, gradientNorm, right, nodules } = this.#totals;
    return {
      loss: loss / batches,
      terms: Object.fromEntries(
        Object.entries(terms).map(([name, sum]) => [name, sum / batches]),
      ),
      ...(gradientNorm !== undefined && {
        gradientNorm: gradientNorm / steps,
      }),
      trainAccuracy: right / nodules,
    };
  }
}

function countRight(logits: NdArray, labels: Int32Array): number {
  const classes = logits.data.length / labels.length;
  let right = 0;
  labels.forEach((label, i) => {
    const row = Array.from(
      logits.data.slice(i * classes, (i + 1) * classes),
      Number,
    );
    if (row.indexOf(Math.max(...row)) === label) right += 1;
  });
  return right;
}
