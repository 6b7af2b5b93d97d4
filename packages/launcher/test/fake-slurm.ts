import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';

/** A folder of programs that stand for Slurm's, to be put before others on PATH. */
export interface FakeSlurm {
  /** PATH with them */
  readonly path: string;
  /** Makes a program of this shell script. Its calls are on record, and `$call` is their number, from 1. */
  make(program: string, script: string): void;
  /** the arguments of each call of a program */
  calls(program: string): readonly (readonly string[])[];
}

export function fakeSlurm(folder: string): FakeSlurm {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const record = (program: string): string => join(folder, `${program}.calls`);
  return {
    path: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
    make(program, script) {
      const file = join(bin, program);
      const log = `'${record(program)}'`;
      // A line break may be part of an argument, so NUL ends it; a second one ends the call.
      writeFileSync(
        file,
        `#!/bin/sh\nprintf '%s\\0' "$@" >>${log}\nprintf '\\0' >>${log}\necho >>${log}.count\ncall=$(($(wc -l <${log}.count)))\n${script}\n`,
      );
      chmodSync(file, 0o755);
    },
    calls(program) {
      if (!existsSync(record(program))) return [];
      return readFileSync(record(program), 'utf8')
        .split('\0\0')
        .slice(0, -1)
        .map((call) => call.split('\0'));
    },
  };
}
