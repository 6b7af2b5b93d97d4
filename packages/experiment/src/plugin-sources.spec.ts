import { createHash } from 'node:crypto';
import {
  cp,
  mkdir,
  mkdtemp,
  rm,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { PluginFile } from '@clip-lung/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { importsOf } from './imports-of.js';
import { findNamed, runPlugin } from './load-plugins.js';
import { findSources } from './plugin-sources.js';
import { findRecorded } from './recorded-plugin.js';

let folder = '';
const at = (...names: readonly string[]): string => join(folder, ...names);

beforeEach(async () => {
  folder = realpathSync(await mkdtemp(join(tmpdir(), 'plugin-')));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(at(name)), { recursive: true });
    await writeFile(at(name), text);
  }
}

const recordPlugin = async (file: string, base: string): Promise<PluginFile> =>
  (await findSources(file, base)).record;

const sha256 = (text: string): string =>
  createHash('sha256').update(text).digest('hex');

describe('the imports of a module', () => {
  it('are static, dynamic, re-exported and required', () => {
    expect(
      importsOf(
        '/x/plugin.ts',
        `import { a } from './a.js';
         import './b.ts';
         import * as c from "./c";
         export * from './d.js';
         export { e } from './e.js';
         import f = require('./f.cjs');
         const g = require('./g.cjs');
         export const h = () => import('./h.ts');
         export const i = async () => (await import(\`./i.ts\`)).default;
         export default [a, c, f, g];`,
      ).toSorted(),
    ).toEqual(
      [
        './a.js',
        './b.ts',
        './c',
        './d.js',
        './e.js',
        './f.cjs',
        './g.cjs',
        './h.ts',
        './i.ts',
      ].toSorted(),
    );
  });

  it('are not those of types, of comments and of strings, nor such whose path is computed', () => {
    expect(
      importsOf(
        '/x/plugin.ts',
        `import type { A } from './a.js';
         import { type B } from './b.js';
         import { C } from './c.js';
         export type { D } from './d.js';
         // import './e.js';
         const name = "import './f.js'";
         export const g = (): Promise<A | B | C> => import(\`./\${name}.js\`);
         export const h = require.resolve(name);`,
      ),
    ).toEqual([]);
  });

  it('are read from JavaScript, where an import of nothing that is used counts', () => {
    expect(
      importsOf('/x/plugin.mjs', `import { a } from './a.mjs'; export {};`),
    ).toEqual(['./a.mjs']);
  });

  it('of what is no module are an error with its place', () => {
    expect(() => importsOf('/x/plugin.ts', 'const = 1')).toThrow(
      /^Unexpected token.*\(\/x\/plugin\.ts:1\)$/,
    );
  });
});

describe('the record of a plugin', () => {
  it('has every local file that is imported, directly or not, by its path from the experiment, in order', async () => {
    const files = {
      'plugins/loss.ts': `import { table } from '../shared/table.js';
        import { last } from './last.mjs';
        export default [table, last, () => import('./rare.ts')];`,
      'shared/table.ts': `export * from './deep.ts';
        export const table = 1;`,
      'shared/deep.ts': `import values from './values.json';
        import './table.ts'; // back again
        export const deep = values;`,
      'shared/values.json': '[1, 2]',
      'plugins/last.mjs': `export { last } from './last-of-all.mjs';`,
      'plugins/last-of-all.mjs': `export const last = 2;`,
      'plugins/rare.ts': `export const rare = 3;`,
      'plugins/other.ts': `export const nobody = 'imports this';`,
    };
    await write(files);
    await mkdir(at('experiments'));
    const record = await recordPlugin(
      at('plugins', 'loss.ts'),
      at('experiments'),
    );
    const imported = Object.entries(files).filter(
      ([name]) => name !== 'plugins/other.ts',
    );
    expect(record).toEqual({
      folder: at('experiments'),
      file: '../plugins/loss.ts',
      files: Object.fromEntries(
        imported.map(([name, text]) => [`../${name}`, sha256(text)]),
      ),
      packages: {},
    });
    const paths = Object.keys(record.files);
    expect(paths).toEqual(paths.toSorted());
  });

  it('is the same, but for the folder, wherever the files lie', async () => {
    await write({
      'one/loss.ts': `import './b.ts'; import './a.ts'; import 'left-right';`,
      'one/a.ts': `import './c.ts';`,
      'one/b.ts': ``,
      'one/c.ts': ``,
      'one/node_modules/left-right/package.json': `{"name":"left-right","version":"1.0.0"}`,
      'one/node_modules/left-right/index.js': ``,
    });
    await cp(at('one'), at('two'), { recursive: true });
    await symlink(at('one'), at('three'));
    const record = async (name: string): Promise<PluginFile> =>
      recordPlugin(at(name, 'loss.ts'), at(name));
    const one = await record('one');
    expect(
      JSON.stringify({ ...(await record('two')), folder: at('one') }),
    ).toBe(JSON.stringify(one));
    expect(await record('three')).toEqual(one);
    expect(Object.keys(one.files)).toEqual(['a.ts', 'b.ts', 'c.ts', 'loss.ts']);
  });

  it('has packages by name and version, and nothing of what this program or Node gives', async () => {
    await write({
      'loss.ts': `import { z } from '@clip-lung/model';
        import * as tf from '@tensorflow/tfjs-core';
        import { readFileSync } from 'node:fs';
        import path from 'path';
        import right from '@left/right/deep';
        import old from 'old';
        export default [z, tf, readFileSync, path, right, old];`,
      'node_modules/@left/right/package.json': `{
        "name": "@left/right", "version": "2.1.0",
        "exports": { "./deep": "./dist/deep.js" } }`,
      // As some packages have it: a folder that says what its files are, and no more.
      'node_modules/@left/right/dist/package.json': '{"type": "module"}',
      'node_modules/@left/right/dist/deep.js': `import './inner.js'; export default 1;`,
      'node_modules/old/package.json': `{"name": "old"}`,
      'node_modules/old/index.js': `module.exports = 1;`,
    });
    const record = await recordPlugin(at('loss.ts'), folder);
    expect(record.packages).toEqual({ '@left/right': '2.1.0', old: '' });
    expect(Object.keys(record.packages)).toEqual(['@left/right', 'old']);
    expect(Object.keys(record.files)).toEqual(['loss.ts']);
  });

  it('has the files of one’s own that are imported by the name of one’s own package', async () => {
    await write({
      'package.json': `{"name": "mine", "type": "module",
        "imports": {"#table": "./src/table.ts"}, "exports": {"./row": "./src/row.ts"}}`,
      'src/loss.ts': `import '#table'; import 'mine/row';`,
      'src/table.ts': ``,
      'src/row.ts': ``,
    });
    const record = await recordPlugin(at('src', 'loss.ts'), at('src'));
    expect(Object.keys(record.files)).toEqual([
      'loss.ts',
      'row.ts',
      'table.ts',
    ]);
    expect(record.packages).toEqual({});
  });

  it('does without what is imported only where it is there', async () => {
    await write({
      'loss.ts': `export const more = () => import('./more.ts').catch(() => import('nowhere'));`,
    });
    const record = await recordPlugin(at('loss.ts'), folder);
    expect(Object.keys(record.files)).toEqual(['loss.ts']);
  });
});

describe('a plugin that a run was trained with', () => {
  const files = {
    'loss.ts': `import { table } from './tables/table.ts';
      import right from 'right';
      export default { table, right, run: (globalThis.pluginsRun = (globalThis.pluginsRun ?? 0) + 1) };`,
    'tables/table.ts': `export const table = 1;`,
    'node_modules/right/package.json': `{"name": "right", "version": "1.0.0"}`,
    'node_modules/right/index.js': `module.exports = 1;`,
  };
  /** How often the plugin was run. Where it has been, it is not run again: Node keeps its modules. */
  const runs = (): number =>
    (globalThis as { pluginsRun?: number }).pluginsRun ?? 0;
  const within = (
    name: string,
    own: Readonly<Record<string, string>>,
  ): Promise<void> =>
    write(
      Object.fromEntries(
        Object.entries(own).map(([file, text]) => [join(name, file), text]),
      ),
    );

  /** The record of the plugin in one folder, as it says that it is in another, which holds the same. */
  async function recordOf(): Promise<PluginFile> {
    await within('first', files);
    await within('second', files);
    const found = await findNamed('./loss.ts', at('first'), 'plugins[0]');
    return { ...found.record, folder: at('second') };
  }
  /** From elsewhere, as a run's record is read. */
  const again = async (record: PluginFile): Promise<PluginFile> => {
    const found = await findRecorded(record, folder, 'plugins[0]');
    await runPlugin(found);
    return found.record;
  };

  it('is found where the record says that it is, and run', async () => {
    const record = await recordOf();
    const before = runs();
    expect(await again(record)).toEqual(record);
    expect(runs()).toBe(before + 1);
  });

  it.each<readonly [string, () => Promise<void>, RegExp]>([
    [
      'its file changes',
      () => within('second', { 'loss.ts': `${files['loss.ts']}\n` }),
      /^plugins\[0\]: .*loss\.ts is not the file that the run was trained with: its SHA-256 is [0-9a-f]{64}, expected [0-9a-f]{64}/,
    ],
    [
      'its file is gone',
      () => unlink(at('second', 'loss.ts')),
      /^plugins\[0\]: there is no file .*loss\.ts, which the run was trained with; .*put it back.*"folder"/,
    ],
    [
      'a file that it imports changes',
      () => within('second', { 'tables/table.ts': 'export const table = 2;' }),
      /^plugins\[0\]: .*table\.ts, which loss\.ts imports, is not the file that the run was trained with/,
    ],
    [
      'a file that it imports is gone',
      () => unlink(at('second', 'tables', 'table.ts')),
      /^plugins\[0\]: .*table\.ts, which the run was trained with, is missing/,
    ],
    [
      'a package that it imports has another version',
      () =>
        within('second', {
          'node_modules/right/package.json': `{"name": "right", "version": "1.0.1"}`,
        }),
      /^plugins\[0\]: the package right that loss\.ts imports is version 1\.0\.1, and the run was trained with version 1\.0\.0/,
    ],
    [
      'a package that it imports is gone',
      () => rm(at('second', 'node_modules'), { recursive: true }),
      /^plugins\[0\]: the package right that loss\.ts imports is not there, and the run was trained with version 1\.0\.0/,
    ],
  ])('is refused, and not run, when %s', async (_, change, problem) => {
    const record = await recordOf();
    await change();
    const before = runs();
    await expect(again(record)).rejects.toThrow(problem);
    expect(runs()).toBe(before);
  });

  it('is refused when what it did without is there now', async () => {
    await write({
      'loss.ts': `export default () => import('./more.ts').catch(() => 1);`,
    });
    const { record } = await findNamed('./loss.ts', folder, 'plugins[0]');
    await write({ 'more.ts': 'export const more = 1;' });
    await expect(again(record)).rejects.toThrow(
      /^plugins\[0\]: .*more\.ts, which loss\.ts imports, is not a file that the run was trained with/,
    );
  });

  it('is the same where the record names a package that is given to plugins by now', async () => {
    const record = await recordOf();
    const packages = { ...record.packages, '@clip-lung/data': '0.0.9' };
    const before = runs();
    await again({ ...record, packages });
    expect(runs()).toBe(before + 1);
  });

  it('is refused with a record that is none', async () => {
    const record = { ...(await recordOf()), files: { 'loss.ts': 'abc' } };
    await expect(again(record)).rejects.toThrow(
      /^plugins\[0\]\.files\.loss\.ts: expected a SHA-256/,
    );
  });
});

describe('a package that a plugin imports', () => {
  it('is refused where two of its files find it in two places: a record has one version', async () => {
    await write({
      'plugin.ts': `import 'right'; import './part/own.js';`,
      'part/own.js': `import 'right';`,
      'node_modules/right/package.json': `{"name": "right", "version": "1.0.0"}`,
      'node_modules/right/index.js': ``,
      'part/node_modules/right/package.json': `{"name": "right", "version": "2.0.0"}`,
      'part/node_modules/right/index.js': ``,
    });
    await expect(recordPlugin(at('plugin.ts'), folder)).rejects.toThrow(
      /own\.js: imports right from \S+part\S+right, and another file of the plugin from \S+right/,
    );
  });

  it.each([
    ['{"name": "right",', /right.package\.json: cannot be read \(SyntaxError/],
    ['{"name": "a", "name": "b"}', /"name" is given twice/],
    [
      '{"name": "right", "version": 1}',
      /right.package\.json: is not a package/,
    ],
    ['null', /right.package\.json: is not a package/],
  ])(
    'with the package.json %s is refused by its path',
    async (text, message) => {
      await write({
        'plugin.ts': `import 'right/index.js';`,
        'node_modules/right/package.json': text,
        'node_modules/right/index.js': ``,
      });
      const own = findSources(at('plugin.ts'), folder, {
        resolve: () => at('node_modules/right/index.js'),
      });
      await expect(own).rejects.toThrow(message);
    },
  );
});
