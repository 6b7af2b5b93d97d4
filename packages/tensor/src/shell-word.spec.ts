import { execFileSync } from 'node:child_process';

import { describe, expect, it } from 'vitest';

import { shellWord } from './shell-word.js';

describe('a word of a command line', () => {
  it
    .skipIf(process.platform === 'win32')
    .each([
      'runs/clip-lung',
      'läufe/erster',
      'two words',
      'it\'s $HOME `x` "y" \\',
      '',
      '*',
    ])('comes back from the shell as it was: %o', (text) => {
    const command = `printf %s ${shellWord(text)}`;
    expect(execFileSync('sh', ['-c', command], { encoding: 'utf8' })).toBe(
      text,
    );
  });

  it('stands as it is where it can', () => {
    expect(shellWord('runs/clip-lung_1')).toBe('runs/clip-lung_1');
  });
});
