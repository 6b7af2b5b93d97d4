import type { Optimizer } from '@clip-lung/optim';

import { checkedOptimizer } from './checked-modules.js';
import type { ResolvedExperiment } from './experiment.js';
import { builtInModules, type Modules } from './modules.js';

/** Makes the optimiser that an experiment names. */
export function createOptimizer(
  { optimizer }: Pick<ResolvedExperiment, 'optimizer'>,
  modules: Modules = builtInModules,
): Optimizer {
  return checkedOptimizer(
    modules.optimizer.create(optimizer, {}, 'optimizer'),
    'optimizer',
  );
}
