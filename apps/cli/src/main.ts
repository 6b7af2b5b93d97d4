import { LaunchStoppedError } from '@clip-lung/ablation';
import { visibleLines } from '@clip-lung/tensor';
import { TrainingStoppedError } from '@clip-lung/trainer';
import { Command, CommanderError } from 'commander';

import type { Surroundings } from './command.js';
import { addAblate } from './commands/ablate/ablate.js';
import { addAnalyse } from './commands/analyse.js';
import { addDemo } from './commands/demo.js';
import { addDoctor } from './commands/doctor.js';
import { addEvaluate } from './commands/evaluate.js';
import { addExplain } from './commands/explain/explain.js';
import { addExport } from './commands/export.js';
import { addExportMlflow } from './commands/export-mlflow.js';
import { addExportTensorBoard } from './commands/export-tensorboard.js';
import { addInspect } from './commands/inspect.js';
import { addPhantom } from './commands/phantom.js';
import { addPredict } from './commands/predict.js';
import { addPrepare } from './commands/prepare.js';
import { addReport } from './commands/report.js';
import { addRuns } from './commands/runs.js';
import { addTrain } from './commands/train.js';
import {
  describeFailure,
  exitCodeAfter,
  exitCodeOf,
  exitCodes,
  InterruptedError,
  stopSignals,
} from './exit-codes.js';
import { failureJson } from './failure-json.js';
import { ownSource } from './own-source.js';
import type { Streams } from './screen.js';
import { version } from './software.js';

const commands = [
  addDemo,
  addPhantom,
  addInspect,
  addPrepare,
  addTrain,
  addAblate,
  addEvaluate,
  addAnalyse,
  addReport,
  addExport,
  addPredict,
  addExplain,
  addRuns,
  addExportTensorBoard,
  addExportMlflow,
  addDoctor,
];

/**
 * Runs the command line. With `--json`, a failure is a JSON object on standard output, too.
 *
 * @param args without the names of Node and of the script
 * @returns the exit code: 0 done, 1 failed, 2 wrong use, 69 a fold that another process trains, 75 a training stopped and saved, 130 stopped by Ctrl-C, 143 by
 *   SIGTERM, 140 by SIGUSR2
 */
export async function main(
  args: readonly string[],
  streams: Streams = { out: process.stdout, err: process.stderr },
): Promise<number> {
  const stop = new AbortController();
  let stoppedBy: (typeof stopSignals)[number] | undefined;
  // The first signal lets the command end well; the second ends it at once.
  const interrupt = (signal: (typeof stopSignals)[number]): void => {
    ignoreSignals();
    stoppedBy = signal;
    stop.abort(new Error('stopped'));
  };
  const ignoreSignals = (): void => {
    for (const signal of stopSignals) process.off(signal, interrupt);
  };
  for (const signal of stopSignals) process.on(signal, interrupt);
  const options = optionsOf(args);
  const tell = (error: unknown, message: string): void => {
    if (!options.has('--json')) return;
    streams.out.write(`${JSON.stringify(failureJson(error, message))}\n`);
  };
  try {
    const surroundings = {
      ...{ streams, signal: stop.signal },
      ownSource: await ownSource(args),
    };
    await withoutRequirements(programFor(surroundings)).parseAsync([...args], {
      from: 'user',
    });
    await programFor(surroundings).parseAsync([...args], { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    if (error instanceof TrainingStoppedError) {
      streams.err.write(`\n${error.message}; go on with --resume\n`);
      tell(error, error.message);
      return exitCodes.stopped;
    }
    if (error instanceof LaunchStoppedError) {
      streams.err.write(`\n${error.message}\n`);
      tell(error, error.message);
      return exitCodes.stopped;
    }
    if (stoppedBy !== undefined) {
      streams.err.write('\nstopped\n');
      tell(new InterruptedError('stopped'), 'stopped');
      return exitCodeAfter(stoppedBy);
    }
    const code = exitCodeOf(error);
    const described = describeFailure(error, options.has('--verbose'));
    // Commander has written its own errors already.
    const written = error instanceof CommanderError;
    if (!written) streams.err.write(`${described}\n`);
    if (code !== exitCodes.done) {
      tell(error, described.replace(/^(error: )+/, ''));
    }
    return code;
  } finally {
    ignoreSignals();
  }
}

/** What of a command line can be an option: behind `--` nothing is. */
function optionsOf(args: readonly string[]): ReadonlySet<string> {
  const end = args.indexOf('--');
  return new Set(end < 0 ? args : args.slice(0, end));
}

/**
 * A program that requires no options, and does nothing. Commander looks for what is required first, and would answer a misspelt
 * option with the absence of the one that was meant; so what is misspelt is looked for beforehand.
 */
function withoutRequirements(program: Command): Command {
  for (const command of allCommands(program)) {
    for (const option of command.options) option.makeOptionMandatory(false);
    command.action(() => undefined);
  }
  return program;
}

/** Those of a program, and theirs. */
function allCommands(program: Command): readonly Command[] {
  return program.commands.flatMap((command) => [
    command,
    ...allCommands(command),
  ]);
}

function programFor(surroundings: Surroundings): Command {
  const { out, err } = surroundings.streams;
  const program = new Command('clip-lung')
    .description(
      'CLIP-Lung: malignancy of lung nodules, from LIDC-IDRI to a trained and tested model',
    )
    .version(version)
    // What follows the name of a command is that command's.
    .enablePositionalOptions()
    .option('--verbose', 'show where an error came from')
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .configureOutput({
      // Its errors repeat the arguments, which may be names of files.
      writeOut: (text) => out.write(visibleLines(text)),
      writeErr: (text) => err.write(visibleLines(text)),
    });
  for (const add of commands) add(program, surroundings);
  for (const command of allCommands(program)) {
    command
      .option('--verbose', 'show where an error came from')
      .exitOverride()
      .showHelpAfterError('(see --help)');
  }
  return program;
}
