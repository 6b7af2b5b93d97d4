import type { Schedule } from '@clip-lung/optim';

import { checkedSchedule } from './checked-modules.js';
import type { ResolvedExperiment } from './experiment.js';
import { builtInModules, type Modules } from './modules.js';

/** Makes the schedule that an experiment names. */
export function createSchedule(
  {
    training: { schedule },
  }: { readonly training: Pick<ResolvedExperiment['training'], 'schedule'> },
  modules: Modules = builtInModules,
): Schedule {
  const path = 'training.schedule';
  return checkedSchedule(
    modules.schedule.create(schedule, {}, path),
    path,
    schedule,
  );
}
