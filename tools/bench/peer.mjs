import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { runPython } from './python.mjs';

/**
 * Runs one side of a benchmark in a process of its own: a script beside this one, or one of tools/reference in Python.
 *
 * @param flags of Node, for a script that is not Python's
 * @returns the JSON that it prints as its last line
 */
export async function runPeer(script, args, python, flags = []) {
  if (python !== undefined) return runPython(python, script, args);
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--expose-gc', ...flags, path, ...args],
    {
      maxBuffer: 2 ** 26,
    },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1));
}
