import type { LossNeed } from '@clip-lung/losses';

import type { ResolvedExperiment } from './experiment.js';
import { builtInModules, type Modules } from './modules.js';

/** What a loss of an experiment needs besides logits and targets. */
export interface LossNeeds {
  /** `losses[2]` */
  readonly path: string;
  readonly use: string;
  readonly needs: readonly LossNeed[];
}

/** What each loss of an experiment needs, so that data and modules that do not have it can be refused by its place. */
export function needsOf(
  { losses }: Pick<ResolvedExperiment, 'losses'>,
  modules: Modules = builtInModules,
): readonly LossNeeds[] {
  return losses.map((loss, i) => {
    const path = `losses[${i}]`;
    return {
      path,
      use: loss.use,
      needs: modules.loss.create(loss, {}, path).needs,
    };
  });
}

/** Attributes are compared as texts. */
export function needsText({ needs }: Pick<LossNeeds, 'needs'>): boolean {
  return needs.some((need) => need === 'text' || need === 'attributes');
}
