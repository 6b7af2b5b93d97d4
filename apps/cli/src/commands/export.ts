import { setImmediate } from 'node:timers/promises';

import { describeText } from '@clip-lung/evaluator';
import { writeFileAtomic } from '@clip-lung/tensor/node';

import {
  chooseFold,
  classifierFile,
  exportTarget,
  readTrainedClassifier,
} from '@clip-lung/inference/node';
import { describeCollection } from '@clip-lung/lidc';
import { type AddCommand, screenOf } from '../command.js';
import {
  type PluginOptions,
  policyOf,
  withPluginOptions,
} from '../plugin-options.js';
import { version } from '../software.js';
import { wholeNumber } from '../whole-number.js';

interface Options extends PluginOptions {
  readonly fold?: number;
  readonly out: string;
  readonly json?: boolean;
}

export const addExport: AddCommand = (program, surroundings) => {
  const command = program
    .command('export')
    .description('write a trained fold as a self-contained ONNX model')
    .argument('<run>', 'a run folder, made by train')
    .option(
      '--fold <k>',
      'the fold, counted from 0; may be left out if only one is trained',
      wholeNumber(0),
    )
    .requiredOption('--out <model.onnx>', 'the file to write')
    .option('--json', 'print one JSON object')
    .action(async (run: string, options: Options) => {
      const screen = screenOf(surroundings, options);
      // Said before the long work, not after it.
      const target = await exportTarget(options.out);
      const fold = await chooseFold(run, options.fold);
      const trained = await readTrainedClassifier(
        run,
        fold,
        policyOf(screen, options),
      );
      const { record, epoch, epochs } = trained;
      if (epochs.done < epochs.planned) {
        screen.note(
          `note: fold ${fold} has been trained for ${epochs.done} of ${epochs.planned} epochs`,
        );
      }
      const { signal } = surroundings;
      await setImmediate(undefined, { signal });
      const bytes = classifierFile(trained, { version });
      // Making a large model takes seconds: whoever has stopped it in them gets no file.
      await setImmediate(undefined, { signal });
      await writeFileAtomic(target, bytes);
      screen.result(
        [
          `exported: ${options.out}, ${(bytes.length / 1e6).toFixed(1)} MB, fold ${fold}, weights of epoch ${epoch}`,
          `input hu: float32 [batch, 32, 32, 32], slices first; output probabilities: ${record.classes.join(', ')}`,
          `trained on ${describeCollection(record.data.collection)}; ${describeText(record)}`,
        ],
        {
          model: options.out,
          bytes: bytes.length,
          run,
          fold,
          epoch,
          epochs,
          classes: record.classes,
          data: record.data.collection,
          text: record.text,
        },
      );
    });
  withPluginOptions(command);
};
