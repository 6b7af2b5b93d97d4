import { constants } from 'node:os';

import { GridSelectionError } from '@clip-lung/ablation';
import { OptionError } from '@clip-lung/data';
import {
  ExperimentFileError,
  GridFileError,
  PluginsNotAllowedError,
  SourceFileError,
  TrustedFolderError,
} from '@clip-lung/experiment';
import { ExplanationRequestError } from '@clip-lung/explain';
import { InferenceRequestError } from '@clip-lung/inference';
import { SlurmProfileError } from '@clip-lung/launcher';
import { ExperimentError } from '@clip-lung/model';
import { FoldLockedError } from '@clip-lung/run';
import { ClipLungError } from '@clip-lung/tensor';
import { MlflowAddressError } from '@clip-lung/tracking';
import { CommanderError } from 'commander';

import { shownLine, shownMessage } from './shown.js';

export const exitCodes = {
  done: 0,
  failed: 1,
  wrongUse: 2,
  /** a training that a signal has stopped, and that goes on with --resume: EX_TEMPFAIL of sysexits.h */
  stopped: 75,
  /** a training that is left to the process that does it: EX_UNAVAILABLE of sysexits.h */
  busy: 69,
} as const;

/** The signals that end a command well when they come first, and at once when they come again. */
export const stopSignals = ['SIGINT', 'SIGTERM', 'SIGUSR2'] as const;

/** What a shell says of a program that a signal has ended: 130 after Ctrl-C. */
export function exitCodeAfter(signal: (typeof stopSignals)[number]): number {
  return 128 + constants.signals[signal];
}

/** A command line that asks for what cannot be. */
export class UsageError extends ClipLungError {
  readonly code = 'usage';
}

/** A command that a signal has stopped. */
export class InterruptedError extends ClipLungError {
  readonly code = 'interrupted';
}

/** What to exit with after a failure. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof FoldLockedError) return exitCodes.busy;
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? exitCodes.done : exitCodes.wrongUse;
  }
  if (
    error instanceof UsageError ||
    error instanceof ExperimentFileError ||
    error instanceof GridFileError ||
    error instanceof ExplanationRequestError ||
    error instanceof GridSelectionError ||
    error instanceof InferenceRequestError ||
    error instanceof OptionError ||
    error instanceof SlurmProfileError ||
    error instanceof ExperimentError ||
    error instanceof MlflowAddressError ||
    error instanceof PluginsNotAllowedError ||
    error instanceof SourceFileError ||
    error instanceof TrustedFolderError
  ) {
    return exitCodes.wrongUse;
  }
  return exitCodes.failed;
}

/** What to tell of a failure; where it happened in the code is told only when asked for. */
export function describeFailure(error: unknown, verbose: boolean): string {
  if (!(error instanceof Error)) return shownMessage(`error: ${String(error)}`);
  if (verbose) return `error: ${stackOf(error)}${causes(error)}`;
  // Errors that nobody wrote for a reader say at least what kind they are.
  const known = error instanceof ClipLungError || 'code' in error;
  return shownMessage(
    `error: ${known ? error.message : `${error.name}: ${error.message} (--verbose shows where)`}`,
  );
}

function causes({ cause }: Error): string {
  return cause instanceof Error
    ? `\ncaused by: ${stackOf(cause)}${causes(cause)}`
    : '';
}

/** What an error says, and the lines below it that say where it was thrown. */
function stackOf({ name, message, stack = '' }: Error): string {
  const said = shownMessage(`${name}: ${message}`);
  const frames = stack.split(message === '' ? name : message).pop() ?? '';
  const places = frames.split('\n').filter((line) => /^\s+at /.test(line));
  return [said, ...places.map(shownLine)].join('\n');
}
