import type { Workers } from '../../jobs/workers.js';
import type { PartialFolder } from '../../scratch/partial-folder.js';
import type { CheckedOptions, PrepareOptions } from './prepare-options.js';

/** A preparation under way. */
export interface Job {
  readonly options: PrepareOptions;
  readonly checked: CheckedOptions;
  readonly partial: PartialFolder;
  readonly workers: Workers;
}
