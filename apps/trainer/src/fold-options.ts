import type { Dataset } from '@clip-lung/data';
import type { ResolvedExperiment } from '@clip-lung/model';
import type { FileOrigin, FoldLock, RunOrigin } from '@clip-lung/run';

import type { BatchSource } from './batch-source.js';
import type { OnTrainingEvent } from './events.js';
import type { NoduleTable } from './nodule-table.js';
import type { TrainingProgram } from './training-program.js';

export interface FoldOptions {
  readonly experiment: ResolvedExperiment;
  /** what the fold's files are of, by the run's record */
  readonly origin: Omit<FileOrigin, 'fold'>;
  /** what those are of that the fold may have already: the run may have gone on without former plugins */
  readonly run: RunOrigin;
  /** that this process alone trains the fold */
  readonly lock: FoldLock;
  readonly dataset: Dataset;
  readonly program: TrainingProgram;
  /** the dataset's nodules, as batches are made of them */
  readonly table: NoduleTable;
  /** makes the training batches */
  readonly source: BatchSource;
  /** the run's folder */
  readonly out: string;
  readonly fold: number;
  /** go on from the last checkpoint, where there is one */
  readonly resume: boolean;
  readonly onEvent?: OnTrainingEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}
