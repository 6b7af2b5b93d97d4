import type { Selection } from '@clip-lung/ablation';

import type { Surroundings } from '../../command.js';
import type { DeviceName, EngineName } from '../../make-engine.js';
import type { PluginOptions } from '../../plugin-options.js';
import type { Screen } from '../../screen.js';
import type { SlurmOptions } from '../../slurm-options.js';

export interface AblateOptions extends PluginOptions, SlurmOptions {
  readonly data: readonly string[];
  readonly out?: string;
  readonly set: readonly string[];
  readonly processes?: number;
  readonly threads?: number;
  readonly dryRun?: boolean;
  readonly only: readonly Selection[];
  readonly retry?: 'failed';
  readonly failFast?: boolean;
  readonly offline?: boolean;
  readonly engine: EngineName;
  readonly device?: DeviceName;
  readonly json?: boolean;
}

/** What the parts of the command work with. */
export interface Ablating {
  readonly options: AblateOptions;
  /** the grid's, absolute */
  readonly folder: string;
  readonly screen: Screen;
  readonly signal: Surroundings['signal'];
}
