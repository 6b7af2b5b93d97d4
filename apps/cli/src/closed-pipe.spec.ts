import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

const bin = fileURLToPath(new URL('../bin/clip-lung.js', import.meta.url));
// The command runs what was built; without a build there is nothing to try.
const built = existsSync(new URL('../dist/main.js', import.meta.url));

it.skipIf(!built).each(['stdout', 'stderr'] as const)(
  'ends without a word when nobody reads its %s',
  async (closed) => {
    const args = closed === 'stdout' ? ['--help'] : ['no-such-command'];
    const child = spawn(process.execPath, [bin, ...args]);
    child[closed].destroy();
    const open = closed === 'stdout' ? child.stderr : child.stdout;
    let said = '';
    open.on('data', (part: Buffer) => (said += part.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    expect({ code, said }).toEqual({ code: 141, said: '' });
  },
);
