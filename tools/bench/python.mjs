import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const own = fileURLToPath(
  new URL('../reference/.venv/bin/python', import.meta.url),
);

/** A Python interpreter that has torch, or null. */
export function findPython() {
  const candidates = [
    process.env['CLIP_LUNG_PYTHON'],
    existsSync(own) ? own : undefined,
    'python3',
  ];
  for (const candidate of candidates) {
    if (candidate === undefined) continue;
    const { status } = spawnSync(candidate, ['-c', 'import torch, numpy'], {
      stdio: 'ignore',
    });
    if (status === 0) return candidate;
  }
  return null;
}

/** Runs a script of tools/reference, and gives the JSON that it prints as its last line. */
export async function runPython(python, script, args = []) {
  const path = fileURLToPath(
    new URL(`../reference/${script}`, import.meta.url),
  );
  // Old settings of OpenBLAS would slow numpy down, and the comparison would flatter us.
  const {
    OPENBLAS_CORETYPE: _type,
    OPENBLAS_L2_SIZE: _size,
    ...env
  } = process.env;
  const { stdout } = await promisify(execFile)(python, [path, ...args], {
    env,
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1));
}
