import { figures, figureWith } from '../figures/drawing.js';
import { type EpochValue, trainingCurves } from '../figures/training-curves.js';
import { counted, none } from '../figure-text.js';
import { key } from '../figures/key.js';
import { html } from '../page/html.js';
import { table } from '../page/table.js';
import type { FoldLog } from '../report-run.js';
import type { Section } from '../section.js';

/** Loss and accuracy of every epoch. */
export const trainingSection: Section = {
  id: 'training',
  title: 'Training',
  render({ key: run, logs }) {
    if (logs.length === 0) {
      return html`<p>
        The run’s folds have no log of epochs (<code>metrics.jsonl</code>), so
        there are no training curves.
      </p>`;
    }
    const losses = logs.flatMap((log) =>
      valuesOf(
        log,
        ({ loss }) => loss,
        (validation) => validation.loss,
      ),
    );
    const accuracies = logs.flatMap((log) =>
      valuesOf(
        log,
        ({ trainAccuracy }) => trainAccuracy,
        (validation) => validation.accuracy,
      ),
    );
    const of = `a line for each of ${counted(logs.length, 'fold')}`;
    const drawn = [
      {
        id: `${run}-loss`,
        title: 'Loss by epoch',
        description: `${of}; ${lastOf(losses)}`,
        axis: 'loss',
        values: losses,
      },
      {
        id: `${run}-accuracy`,
        title: 'Accuracy by epoch',
        description: `${of}; ${lastOf(accuracies)}`,
        axis: 'accuracy',
        range: [0, 1] as const,
        values: accuracies,
      },
    ];
    return html`${key([
      { text: 'training', colour: 'a' },
      { text: 'validation', colour: 'b', dashed: true },
    ])}${figures(
      drawn.map((one) => figureWith(trainingCurves(one), one)),
    )}${table({
      caption: 'The last epoch of each fold; epochs are counted from 0',
      columns: [
        ...['fold', 'epoch', 'steps', 'loss', 'accuracy, training'],
        ...['loss, validation', 'accuracy, validation', 'seconds an epoch'],
      ],
      rows: logs.flatMap(({ fold, epochs }) => {
        const last = epochs.at(-1);
        if (last === undefined) return [];
        const { validation } = last;
        const seconds = epochs.reduce((sum, e) => sum + e.secondsPerEpoch, 0);
        return [
          [
            `fold ${fold}`,
            last.epoch,
            last.step,
            last.loss.toPrecision(4),
            last.trainAccuracy.toFixed(3),
            validation === null ? none : validation.loss.toPrecision(4),
            validation === null ? none : validation.accuracy.toFixed(3),
            (seconds / epochs.length).toPrecision(3),
          ],
        ];
      }),
    })}`;
  },
};

type Epoch = FoldLog['epochs'][number];

function valuesOf(
  { fold, epochs }: FoldLog,
  ofTraining: (epoch: Epoch) => number,
  ofValidation: (validation: NonNullable<Epoch['validation']>) => number,
): readonly EpochValue[] {
  return epochs.flatMap((one) => {
    const { epoch, validation } = one;
    const shared = { fold, epoch };
    return [
      { ...shared, of: 'training' as const, value: ofTraining(one) },
      ...(validation === null
        ? []
        : [
            {
              ...shared,
              of: 'validation' as const,
              value: ofValidation(validation),
            },
          ]),
    ];
  });
}

/** Where the lines end, in words. */
function lastOf(values: readonly EpochValue[]): string {
  const last = Math.max(...values.map(({ epoch }) => epoch));
  const ends = (['training', 'validation'] as const).flatMap((of) => {
    const own = values.filter((v) => v.of === of && v.epoch === last);
    if (own.length === 0) return [];
    const mean = own.reduce((sum, { value }) => sum + value, 0) / own.length;
    return [`${of} ${mean.toPrecision(3)}`];
  });
  return `in epoch ${last}, mean over its folds: ${ends.join(', ')}`;
}
