import { existsSync, realpathSync } from 'node:fs';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { PluginFile } from '@clip-lung/model';
import { writeKeptFiles } from '@clip-lung/run';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { keepPlugins } from './kept-plugins.js';
import { findNamed, runPlugin } from './load-plugins.js';
import { findRecorded } from './recorded-plugin.js';

let folder = '';
const at = (...names: readonly string[]): string => join(folder, ...names);

beforeEach(async () => {
  folder = realpathSync(await mkdtemp(join(tmpdir(), 'kept-')));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(at(name)), { recursive: true });
    await writeFile(at(name), text);
  }
}

/** Keeps plugins of the folder `study/experiments` in a run. */
async function keep(
  ...files: readonly string[]
): Promise<readonly PluginFile[]> {
  const found = [];
  for (const file of files) {
    found.push(await findNamed(file, at('study/experiments'), 'plugins[0]'));
  }
  const { kept, records } = keepPlugins(found.map(({ origin }) => origin));
  await writeKeptFiles(at('run'), kept);
  return records;
}

/** What a plugin that a run keeps exports. */
async function load(
  record: PluginFile | undefined,
  run = 'run',
): Promise<unknown> {
  const found = await findRecorded(record, at(run), 'plugins[0]');
  return (await runPlugin(found)).exported;
}

describe('plugins that a run keeps', () => {
  const layout = {
    'study/experiments/note.txt': '',
    'study/plugins/loss.ts': `import { table } from '../shared/table.js';
      import values from './deep/values.json';
      export default [table, values, __filename];`,
    'study/shared/table.ts': `export const table = 7;`,
    'study/plugins/deep/values.json': '[1, 2]',
  };

  it('lie beside each other as they lay, from the folder that holds them all', async () => {
    await write(layout);
    const [record] = await keep('../plugins/loss.ts');
    const [id = ''] = await readdir(at('run/plugins'));
    expect(record?.kept).toBe(`plugins/${id}/experiments`);
    expect(
      (await readdir(at('run/plugins', id), { recursive: true })).toSorted(),
    ).toEqual([
      'plugins',
      'plugins/deep',
      'plugins/deep/values.json',
      'plugins/loss.ts',
      'shared',
      'shared/table.ts',
    ]);
    await rename(at('study'), at('gone'));
    await rename(at('run'), at('moved'));
    expect(await load(record, 'moved')).toEqual([
      7,
      [1, 2],
      at('moved/plugins', id, 'plugins/loss.ts'),
    ]);
  });

  it('are kept once, and written anew where they are not what they were', async () => {
    await write(layout);
    const [record] = await keep('../plugins/loss.ts');
    const copy = at('run', record?.kept ?? '', '../shared/table.ts');
    await writeFile(copy, 'export const table = 8;');
    await keep('../plugins/loss.ts');
    expect(await readFile(copy, 'utf8')).toBe(layout['study/shared/table.ts']);
    expect(await readdir(at('run/plugins'))).toHaveLength(1);
  });

  it('that share a file still do', async () => {
    await write({
      'study/experiments/one.ts': `import { list } from '../shared/list.ts'; list.push('one'); export default list;`,
      'study/experiments/two.ts': `import { list } from '../shared/list.ts'; list.push('two'); export default list;`,
      'study/shared/list.ts': 'export const list: string[] = [];',
    });
    const [one, two] = await keep('one.ts', 'two.ts');
    expect(await load(one)).toEqual(['one']);
    expect(await load(two)).toEqual(['one', 'two']);
  });

  it('find files of their own package by its name, and by an absolute path', async () => {
    await write({
      'study/experiments/note.txt': '',
      'study/package.json': `{"name": "mine", "version": "1.0.0", "type": "module", "private": true,
        "imports": {"#table": "./src/table.ts"}, "exports": {"./row": "./src/row.ts"}}`,
      'study/src/loss.ts': `import { table } from '#table'; import { row } from 'mine/row';
        import { far } from ${JSON.stringify(at('study/src/far.ts'))};
        import { near } from ${JSON.stringify(`file://${at('study/src/near.ts')}`)};
        export default [table, row, far, near];`,
      'study/src/table.ts': `export const table = 1;`,
      'study/src/row.ts': `export const row = 2;`,
      'study/src/far.ts': `export const far = 3;`,
      'study/src/near.ts': `export const near = 4;`,
    });
    const [record] = await keep('../src/loss.ts');
    await rename(at('study'), at('gone'));
    expect(await load(record)).toEqual([1, 2, 3, 4]);
  });

  it('find packages where the originals lay, else beside the run, else say what is missing', async () => {
    const left = (version: string) => ({
      'package.json': `{"name": "left", "version": "${version}", "exports": {".": "./index.js", "./deep": "./deep.mjs"}}`,
      'index.js': `module.exports = ${JSON.stringify(version)};`,
      'deep.mjs': `export default ${JSON.stringify(`deep ${version}`)};`,
    });
    const into = (place: string, version: string): Promise<void> =>
      write(
        Object.fromEntries(
          Object.entries(left(version)).map(([name, text]) => [
            `${place}/node_modules/left/${name}`,
            text,
          ]),
        ),
      );
    await write({
      'study/experiments/loss.ts': `import left from 'left'; import deep from 'left/deep'; export default [left, deep];`,
    });
    await into('study', '1.0.0');
    // Another version lies nearer to the copy.
    await into('run', '2.0.0');
    const [record] = await keep('loss.ts');
    expect(record?.packages).toEqual({ left: '1.0.0' });
    expect(await load(record)).toEqual(['1.0.0', 'deep 1.0.0']);
    await rename(at('study'), at('gone'));
    await expect(load(record)).rejects.toThrow(
      /the package left that .*loss\.ts imports is version 2\.0\.0, and the run was trained with version 1\.0\.0; install what it was trained with in .*study\/experiments, or in .*run\/plugins\/[0-9a-f]{16}, or train again/,
    );
    await rm(at('run/node_modules'), { recursive: true });
    await expect(load(record)).rejects.toThrow(
      /left that .*imports is not there/,
    );
    await into('run', '1.0.0');
    expect(await load(record)).toEqual(['1.0.0', 'deep 1.0.0']);
  });

  it('of a folder that no other file is near are kept from the root', async () => {
    const other = realpathSync(await mkdtemp(join(tmpdir(), 'other-')));
    try {
      await write({ 'study/experiments/note.txt': '' });
      await writeFile(join(other, 'loss.ts'), `export default 5;`);
      const [record] = await keep(join(other, 'loss.ts'));
      await rm(other, { recursive: true });
      expect(await load(record)).toBe(5);
    } finally {
      if (existsSync(other)) await rm(other, { recursive: true });
    }
  });
});
