import type { OnTrainingEvent } from '@clip-lung/trainer';

import type { Screen } from './screen.js';

const percent = (fraction: number): string =>
  `${(100 * fraction).toFixed(1)} %`;

const counted = (count: number, one: string, more: string): string =>
  `${count} ${count === 1 ? one : more}`;

/** `7 full batches`, `3 steps of 2 full batches`. */
function lengthOf({
  stepsPerEpoch,
  batchesPerStep,
}: {
  readonly stepsPerEpoch: number;
  readonly batchesPerStep: number;
}): string {
  return batchesPerStep === 1
    ? counted(stepsPerEpoch, 'full batch', 'full batches')
    : `${counted(stepsPerEpoch, 'step', 'steps')} of ${batchesPerStep} full batches`;
}

/** Shows a run as it goes: one progress over the steps of a fold, and a line an epoch. Folds and epochs are counted from 0. */
export function showTraining(screen: Screen): OnTrainingEvent {
  let total = 0;
  let first = 0;
  let warned = false;
  let told = false;
  return (event) => {
    switch (event.kind) {
      case 'note':
        screen.note(`note: ${event.message}`);
        break;
      case 'fold-start':
        total = event.epochs * event.stepsPerEpoch;
        first = event.fromStep;
        screen.note(
          `fold ${event.fold}: ${event.train} nodules to train, ${event.validation} to validate, ${event.test} to test${event.fromStep > 0 ? `; going on at epoch ${event.fromEpoch}, step ${event.fromStep}` : ''}`,
        );
        if (event.leftOut > 0 && !told) {
          told = true;
          screen.note(
            `  an epoch has ${lengthOf(event)}: ${event.leftOut} nodules are left out, different ones in each epoch`,
          );
        }
        if (event.startInAverage > 0.5 && !warned) {
          warned = true;
          screen.note(
            `  the tested weights are a moving average, of which the initial weights still make up ${percent(event.startInAverage)} after ${total} steps; set training.emaWarmup=true, or lower training.ema`,
          );
        }
        break;
      case 'step':
        screen.progress({
          stage: `fold ${event.fold}, step`,
          done: event.step - first,
          total: total - first,
        });
        break;
      case 'epoch': {
        const { epoch, loss, trainAccuracy, validation } = event.metrics;
        const validated =
          validation === null
            ? ''
            : `, validation ${percent(validation.accuracy)}${event.isBest ? ' (best)' : ''}`;
        screen.note(
          `  epoch ${epoch}: loss ${loss.toFixed(4)}, training ${percent(trainAccuracy)}${validated}`,
        );
        break;
      }
      case 'fold-end':
        screen.note(
          `fold ${event.fold}: ${percent(event.accuracy)} of the test nodules correct, with the weights of epoch ${event.epoch}`,
        );
        break;
    }
  };
}
