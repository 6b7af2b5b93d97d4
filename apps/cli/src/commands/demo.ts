import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { formatManifest } from '@clip-lung/data';
import { prepareDataset, readDataset } from '@clip-lung/data/node';
import { evaluateRun, formatEvaluation } from '@clip-lung/evaluator';
import { loadTower } from '@clip-lung/inference/node';
import { builtInModules, resolveExperiment } from '@clip-lung/model';
import { writePhantom } from '@clip-lung/phantom/node';
import { runPaths } from '@clip-lung/run';
import { trainRun } from '@clip-lung/trainer';

import { type AddCommand, screenOf } from '../command.js';
import { demoExperiment } from '../demo-experiment.js';
import { makeEngine } from '../make-engine.js';
import { showTraining } from '../show-training.js';
import { software } from '../software.js';

interface Options {
  readonly out?: string;
  readonly text?: string;
  readonly offline?: boolean;
  readonly json?: boolean;
}

/** Enough patients for the held-out ones to tell something, few enough for two minutes. */
const patients = 80;

export const addDemo: AddCommand = (program, surroundings) => {
  program
    .command('demo')
    .description(
      'try everything on simulated nodules, in about two minutes: phantom, prepare, train, evaluate, report',
    )
    .option(
      '--out <folder>',
      'the folder to write; by default a new temporary folder',
    )
    .option(
      '--text <folder>',
      'a CLIP text model in Hugging Face form, instead of random weights',
    )
    .option('--offline', 'download nothing')
    .option('--json', 'print one JSON object')
    .action(async (options: Options) => {
      const screen = screenOf(surroundings, options);
      const { signal } = surroundings;
      const out =
        options.out ?? (await mkdtemp(join(tmpdir(), 'clip-lung-demo-')));
      const [lidc, data, run] = ['lidc', 'dataset', 'run'].map((name) =>
        join(out, name),
      ) as [string, string, string];

      screen.note(
        `1. phantom: CT scans of simulated nodules, as DICOM and LIDC XML`,
      );
      await writePhantom({
        out: lidc,
        patients,
        seed: 1,
        signal,
        onProgress: screen.progress,
      });
      screen.note('2. prepare: nodules, labels, crops and folds');
      const manifest = await prepareDataset({
        folder: lidc,
        out: data,
        signal,
        onProgress: screen.progress,
      });
      screen.note(...formatManifest(manifest, data));
      screen.note(
        '3. train: five folds, each tested on patients that it never saw',
      );
      const experiment = resolveExperiment(demoExperiment(options.text));
      const modules = builtInModules;
      const tower = await loadTower(
        { experiment, modules },
        {
          onNote: screen.note,
          offline: options.offline,
        },
      );
      const engine = makeEngine('onnx');
      try {
        await trainRun({
          experiment,
          dataset: await readDataset(data),
          out: run,
          engine,
          tower,
          software: software(),
          onEvent: showTraining(screen),
          signal,
        });
      } finally {
        await engine.dispose();
      }
      screen.note('4. evaluate');
      const evaluation = await evaluateRun(run, { signal });
      screen.note('5. report: all figures, and the hardest nodules, as a page');
      const { writeReport } = await import('@clip-lung/report');
      const report = runPaths(run).report;
      await writeReport([run], { out: report, data, signal });
      screen.result([...formatEvaluation(evaluation).split('\n'), '', report], {
        ...evaluation,
        report,
      });
    });
};
