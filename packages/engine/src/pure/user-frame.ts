import { at } from '@clip-lung/tensor';
import { fileURLToPath } from 'node:url';

/** Where a program called an operation. */
export interface UserFrame {
  /** the operation, as tfjs names it, such as `tf.conv3d`; absent when the stack does not show one */
  readonly operation?: string;
  /** file, line and column; absent when the stack does not reach the program */
  readonly place?: string;
}

/** The folder of this package's sources, or of what they were compiled to. */
const engineFolder = fileURLToPath(new URL('..', import.meta.url));

/**
 * Reads from an error's stack where the traced function called tfjs: the first frame outside tfjs and this package.
 *
 * @param stack as V8 writes it, deep enough to reach the program, see {@link withDeepStacks}
 */
export function userFrame(stack: string | undefined): UserFrame {
  let operation: string | undefined;
  for (const line of (stack ?? '').split('\n')) {
    const frame = frameOf(line);
    if (frame === undefined) continue;
    const { name, place } = frame;
    if (isForeign(place)) {
      // tfjs names the function behind tf.conv3d `conv3d__op`, and that behind tf.whereAsync `whereAsync_`; the outermost is
      // the one that the program called.
      const [, operator, later] =
        /(\w+?)__op\b|(\w+Async)_?\b/.exec(name) ?? [];
      operation = operator ?? later ?? operation;
      continue;
    }
    return {
      place,
      ...(operation === undefined ? {} : { operation: `tf.${operation}` }),
    };
  }
  return operation === undefined ? {} : { operation: `tf.${operation}` };
}

/** The function and the place that a line of a stack names; modules are named by their URL, or by their path. */
function frameOf(
  line: string,
): { readonly name: string; readonly place: string } | undefined {
  const frame = /^\s*at (?:(.*?) \()?([^()]+):(\d+:\d+)\)?$/.exec(line);
  if (frame === null) return undefined;
  const [, name = ''] = frame;
  const [file, position] = [at(frame, 2), at(frame, 3)];
  const path = file.startsWith('file:') ? fileURLToPath(file) : file;
  return { name, place: `${path}:${position}` };
}

/** The first place that a stack shows: where the error was made. */
export function topPlace(stack: string | undefined): string | undefined {
  for (const line of (stack ?? '').split('\n')) {
    const frame = frameOf(line);
    if (frame !== undefined) return frame.place;
  }
  return undefined;
}

/** A place inside a dependency, Node itself, or this package (its tests are programs like any other). */
export function isForeign(place: string): boolean {
  if (place.includes('node_modules') || place.startsWith('node:')) return true;
  return place.startsWith(engineFolder) && !place.includes('.spec.');
}

/** Runs a function with stacks deep enough to show its caller below tfjs's many frames. */
export function withDeepStacks<T>(run: () => T): T {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 100;
  try {
    return run();
  } finally {
    Error.stackTraceLimit = before;
  }
}
