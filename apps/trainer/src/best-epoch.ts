import {
  cohenKappa,
  classScores,
  confusionMatrix,
  macroScores,
  oneVersusRestAuc,
} from '@clip-lung/metrics';
import type { ResolvedExperiment } from '@clip-lung/model';
import type { BestEpoch, EpochValidation, PredictionRow } from '@clip-lung/run';

import { score } from './classify.js';

type Training = ResolvedExperiment['training'];

/** What of the classes a metric depends on. */
export interface Classes {
  readonly count: number;
  /** whether they are degrees of one thing, in their order */
  readonly ordered: boolean;
}

/**
 * The figures of the validation nodules after an epoch.
 *
 * @param best the metric that chooses the best epoch: what is neither accuracy nor loss comes as `score`, null where it is
 *   undefined
 * @returns null where there are no such nodules
 */
export function validationOf(
  rows: readonly PredictionRow[],
  best: Training['best'],
  classes: Classes,
): EpochValidation | null {
  if (rows.length === 0) return null;
  const figures = score(rows);
  if (best === 'accuracy' || best === 'loss') return figures;
  return { ...figures, score: metrics[best](rows, classes) ?? null };
}

const metrics: Readonly<
  Record<
    Exclude<Training['best'], 'accuracy' | 'loss'>,
    (rows: readonly PredictionRow[], classes: Classes) => number | undefined
  >
> = {
  macroF1: (rows, { count }) =>
    macroScores(classScores(confusionOf(rows, count))).f1,
  auc: (rows) =>
    oneVersusRestAuc(
      rows.map(({ label }) => label),
      rows.map(({ probabilities }) => probabilities),
    ).macro,
  kappa: (rows, { count, ordered }) =>
    cohenKappa(confusionOf(rows, count), ordered ? 'quadratic' : 'none'),
};

function confusionOf(rows: readonly PredictionRow[], classes: number) {
  return confusionMatrix(
    rows.map(({ label }) => label),
    rows.map(({ prediction }) => prediction),
    classes,
  );
}

/** Better by the metric, or as good with a lower loss. What is undefined is worse than anything. */
export function isBetter(
  found: EpochValidation,
  than: BestEpoch | null,
  best: Training['best'],
): boolean {
  if (than === null) return true;
  const valueOf = ({ accuracy, loss, score }: EpochValidation): number => {
    if (best === 'accuracy') return accuracy;
    return best === 'loss' ? -loss : (score ?? -Infinity);
  };
  const [now, before] = [valueOf(found), valueOf(than)];
  return now > before || (now === before && found.loss < than.loss);
}

/**
 * Whether a fold has trained for as many epochs as its patience lasts without one that is better.
 *
 * @param epoch epochs done
 */
export function isPatienceOver(
  { patience }: Pick<Training, 'patience'>,
  { epoch, best }: { readonly epoch: number; readonly best: BestEpoch | null },
): boolean {
  if (patience === null || best === null) return false;
  return epoch - 1 - best.epoch >= patience;
}
