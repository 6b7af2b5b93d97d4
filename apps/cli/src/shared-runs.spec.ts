import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { PluginFile } from '@clip-lung/model';
import { readRunRecord } from '@clip-lung/run';
import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  it,
  vi,
} from 'vitest';

import { clipLung, type Outcome, smallExperiment } from '../test/clip-lung.js';
import { forgeRun } from '../test/forge-run.js';

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url));
let folder = '';
let count = 0;
let runs = 0;
const at = (...names: readonly string[]): string => join(folder, ...names);
const sha256 = (text: string): string =>
  createHash('sha256').update(text).digest('hex');

const train = (
  experiment: string,
  run: string,
  ...more: readonly string[]
): Promise<Outcome> =>
  clipLung(
    ...['train', experiment, '--data', at('dataset'), '--out', run],
    ...['--fold', '0', '--set', 'training.epochs=1'],
    ...['--set', 'training.batchSize=8', ...more],
  );

beforeAll(async () => {
  folder = realpathSync(await mkdtemp(join(tmpdir(), 'shared-')));
  await clipLung('phantom', at('lidc'), '--patients', '12', '--seed', '3');
  await clipLung('prepare', at('lidc'), '--out', at('dataset'));
  await writeFile(at('texts.json'), JSON.stringify(smallExperiment));
  await cp(join(examples, 'head'), at('study'), { recursive: true });
  const narrow = ['--set', 'image.width=2'];
  expect((await train(at('texts.json'), at('texts'))).code).toBe(0);
  expect(
    (await train(at('study', 'experiment.ts'), at('mlp'), ...narrow)).code,
  ).toBe(0);
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => {
  vi.unstubAllEnvs();
});

/** A plugin that leaves a mark where it is run. It defines a head that works, so that nothing else can stop it. */
interface Mark {
  readonly text: string;
  readonly wasRun: () => boolean;
}

/** A file outside of all runs, of a name of its own for every mark: Node keeps the modules that it has loaded. */
const elsewhereName = (): string => `elsewhere-${count}.ts`;
const elsewhere = (): string => at(elsewhereName());

async function marking(beside = ''): Promise<Mark> {
  const mark = at(`run-${(count += 1)}`);
  const head = await readFile(join(examples, 'head', 'mlp-head.ts'), 'utf8');
  const text = `import { writeFileSync } from 'node:fs';\n${beside}\nwriteFileSync(${JSON.stringify(mark)}, '');\n${head}`;
  return { text, wasRun: () => existsSync(mark) };
}

/** A copy of a run that somebody shares, with plugins of his own on record. */
async function sharedRun(
  of: 'texts' | 'mlp',
  plugins: readonly object[] | undefined,
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const run = at(`shared-${(runs += 1)}`);
  await cp(at(of), run, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    const path = join(run, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  if (plugins !== undefined) {
    const record = await readRunRecord(run);
    const experiment = { ...record.experiment, plugins };
    await forgeRun(run, () => ({ ...record, experiment }));
  }
  return run;
}

const recordOf = (
  home: string,
  file: string,
  text: string,
  more: Partial<PluginFile> = {},
): PluginFile => ({
  folder: home,
  file,
  files: { [file]: sha256(text) },
  packages: {},
  ...more,
});

const id = 'a1'.repeat(8);

describe('a run that somebody shares', () => {
  it('does not run a plugin that nothing in it needs, wherever it lies', async () => {
    const evil = await marking();
    await mkdir(at('away'));
    await writeFile(at('away', 'x.ts'), evil.text);
    const run = await sharedRun(
      'texts',
      [
        recordOf(at('away'), 'x.ts', evil.text),
        recordOf(folder, 'x.ts', evil.text, { kept: `plugins/${id}` }),
      ],
      { [`plugins/${id}/x.ts`]: evil.text },
    );
    const commands = [
      ['export', run, '--out', at('x.onnx')],
      ['evaluate', run],
      ['evaluate', run, '--by', 'texts'],
    ];
    for (const command of commands) {
      for (const more of [[], ['--allow-plugins']]) {
        const { code, err } = await clipLung(...command, ...more);
        expect([code, err]).toEqual([0, expect.any(String)]);
      }
    }
    await rm(at('away'), { recursive: true });
    expect(evil.wasRun()).toBe(false);
  });

  it.each<
    readonly [
      string,
      (evil: Mark) => Promise<readonly [run: string, file: string]>,
    ]
  >([
    [
      'in the run',
      async ({ text }) => {
        const run = await sharedRun(
          'mlp',
          [recordOf('/gone', 'x.ts', text, { kept: `plugins/${id}` })],
          { [`plugins/${id}/x.ts`]: text },
        );
        return [run, join(run, `plugins/${id}/x.ts`)];
      },
    ],
    [
      'from the root of all folders',
      async ({ text }) => {
        await writeFile(elsewhere(), text);
        const name = elsewhere().slice(1);
        const plugin = recordOf('/', name, text);
        return [await sharedRun('mlp', [plugin]), elsewhere()];
      },
    ],
    [
      'up and down from the folder on record',
      async ({ text }) => {
        await writeFile(elsewhere(), text);
        const plugin = recordOf(at('study'), `../${elsewhereName()}`, text);
        return [await sharedRun('mlp', [plugin]), elsewhere()];
      },
    ],
    [
      'behind a link',
      async ({ text }) => {
        await writeFile(elsewhere(), text);
        await rm(at(`link-${count}.ts`), { force: true });
        await symlink(elsewhere(), at(`link-${count}.ts`));
        const plugin = recordOf(folder, elsewhereName(), text, {
          file: `link-${count}.ts`,
        });
        return [await sharedRun('mlp', [plugin]), elsewhere()];
      },
    ],
    [
      'whose record says nothing of its modules',
      async ({ text }) => {
        await writeFile(elsewhere(), text);
        const plugin = recordOf(folder, elsewhereName(), text, {
          modules: [{ kind: 'head', name: 'mlp' }],
        });
        return [await sharedRun('mlp', [plugin]), elsewhere()];
      },
    ],
  ])('asks before it runs a plugin %s', async (_, share) => {
    const evil = await marking();
    const [run, file] = await share(evil);
    const commands = [
      ['export', run, '--out', at('x.onnx')],
      ['predict', run, at('crop.npy')],
      [
        'train',
        join(run, 'experiment.json'),
        '--data',
        at('dataset'),
        '--out',
        at('never'),
      ],
      [
        'train',
        join(run, 'experiment.json'),
        '--data',
        at('dataset'),
        '--out',
        run,
        '--resume',
      ],
      [
        'train',
        join(run, 'experiment.json'),
        '--data',
        at('dataset'),
        '--out',
        run,
        '--resume',
        '--plugins',
        'current',
      ],
    ];
    for (const command of commands) {
      const { code, out, err } = await clipLung(...command);
      expect([command[0], code, out]).toEqual([command[0], 2, '']);
      if (!command.includes('current')) {
        expect(err).toContain(`  ${file}  SHA-256 ${sha256(evil.text)}\n`);
        expect(err).toMatch(/--allow-plugins; or, .*CLIP_LUNG_TRUSTED_FOLDERS/);
      }
      expect(evil.wasRun()).toBe(false);
    }
    const allowed = await clipLung(
      'export',
      run,
      '--out',
      at('x.onnx'),
      '--allow-plugins',
    );
    expect(allowed.code).toBe(0);
    expect(allowed.err).toContain(`  ${file}  SHA-256 ${sha256(evil.text)}\n`);
    expect(evil.wasRun()).toBe(true);
  });

  it.each<readonly [string, (evil: Mark) => Promise<string>, RegExp]>([
    [
      'whose copy is a link',
      async ({ text }) => {
        await writeFile(elsewhere(), text);
        const plugin = recordOf('/gone', 'x.ts', text, {
          kept: `plugins/${id}`,
        });
        const run = await sharedRun('mlp', [plugin], {
          [`plugins/${id}/other.ts`]: '',
        });
        await symlink(elsewhere(), join(run, `plugins/${id}/x.ts`));
        return run;
      },
      /is a link, or is reached through one/,
    ],
    [
      'whose folder of copies is a link',
      async ({ text }) => {
        await mkdir(at('linked'), { recursive: true });
        await writeFile(at('linked', 'x.ts'), text);
        const plugin = recordOf('/gone', 'x.ts', text, {
          kept: `plugins/${id}`,
        });
        const run = await sharedRun('mlp', [plugin]);
        await symlink(at('linked'), join(run, `plugins/${id}`));
        return run;
      },
      /is a link, or is reached through one/,
    ],
    [
      'that leads out of its copies',
      async ({ text }) => {
        await writeFile(elsewhere(), text);
        const name = `../../../${elsewhereName()}`;
        const plugin = recordOf('/gone', name, text, { kept: `plugins/${id}` });
        return sharedRun('mlp', [plugin], { [`plugins/${id}/x.ts`]: text });
      },
      /elsewhere-\d+\.ts lies outside of .*, where the run keeps the plugin/,
    ],
    [
      'that says it is kept above the run',
      async ({ text }) => {
        const kept = `plugins/${id}/../../..`;
        return sharedRun('mlp', [recordOf('/gone', 'x.ts', text, { kept })]);
      },
      /plugins\[0\]\.kept: expected a place in the run's own folder/,
    ],
    [
      'that imports what the run does not keep',
      async (evil) => {
        await writeFile(elsewhere(), evil.text);
        const text = `export { default } from '../../../${elsewhereName()}';`;
        const plugin = recordOf('/gone', 'x.ts', text, {
          kept: `plugins/${id}`,
        });
        return sharedRun('mlp', [plugin], { [`plugins/${id}/x.ts`]: text });
      },
      /elsewhere-\d+\.ts lies outside of/,
    ],
    [
      'that imports so by an absolute path',
      async (evil) => {
        await writeFile(elsewhere(), evil.text);
        const text = `export { default } from ${JSON.stringify(elsewhere())};`;
        const plugin = recordOf('/gone', 'x.ts', text, {
          kept: `plugins/${id}`,
        });
        return sharedRun('mlp', [plugin], { [`plugins/${id}/x.ts`]: text });
      },
      /elsewhere-\d+\.ts lies outside of/,
    ],
    [
      'that imports a file which is not on record',
      async (evil) => {
        const text = `export { default } from './y.ts';`;
        const plugin = recordOf('/gone', 'x.ts', text, {
          kept: `plugins/${id}`,
        });
        return sharedRun('mlp', [plugin], {
          [`plugins/${id}/x.ts`]: text,
          [`plugins/${id}/y.ts`]: evil.text,
        });
      },
      /y\.ts, which x\.ts imports, is not a file that the run was trained with/,
    ],
    [
      'that is another than the record says',
      async (evil) => {
        const plugin = recordOf('/gone', 'x.ts', '', { kept: `plugins/${id}` });
        return sharedRun('mlp', [plugin], {
          [`plugins/${id}/x.ts`]: evil.text,
        });
      },
      /x\.ts is not the file that the run was trained with/,
    ],
    [
      'that is a device',
      async () => sharedRun('mlp', [recordOf('/dev', 'zero', '')]),
      /\/dev\/zero is not a regular file/,
    ],
    [
      'that is a path and no record',
      async (evil) => {
        await writeFile(elsewhere(), evil.text);
        return sharedRun('mlp', [elsewhere()] as unknown as object[]);
      },
      /plugins\[0\]: expected a plugin, or the record of its files/,
    ],
    [
      'of which another kind is on record',
      async (evil) => {
        const kept = `plugins/${id}`;
        const modules = [{ kind: 'loss', name: 'mlp' }];
        const plugin = recordOf('/gone', 'x.ts', evil.text, { kept, modules });
        return sharedRun('mlp', [plugin], { [`${kept}/x.ts`]: evil.text });
      },
      /there is no classifier head "mlp"|there is no head "mlp"/,
    ],
  ])(
    'is refused, allowed or not, with a plugin %s',
    async (_, share, problem) => {
      const evil = await marking();
      const run = await share(evil);
      for (const more of [[], ['--allow-plugins']]) {
        const { code, err } = await clipLung(
          'export',
          run,
          '--out',
          at('x.onnx'),
          ...more,
        );
        expect(err).toMatch(problem);
        expect(code).toBe(2);
      }
      expect(evil.wasRun()).toBe(false);
    },
  );

  it('lists the packages that its plugin imports, and where they are', async () => {
    const evil = await marking(`import 'left';`);
    await mkdir(at('packages/node_modules/left'), { recursive: true });
    await writeFile(
      at('packages/node_modules/left/package.json'),
      '{"name": "left", "version": "1.2.3"}',
    );
    await writeFile(at('packages/node_modules/left/index.js'), '');
    const plugin = recordOf(at('packages'), 'x.ts', evil.text, {
      packages: { left: '1.2.3' },
      kept: `plugins/${id}`,
    });
    const files = { [`plugins/${id}/x.ts`]: evil.text };
    const run = await sharedRun('mlp', [plugin], files);
    const { err } = await clipLung('export', run, '--out', at('x.onnx'));
    expect(err).toContain(
      `  the package left 1.2.3, in ${at('packages/node_modules/left')}\n`,
    );
    // It is part of what has to be trusted.
    vi.stubEnv('CLIP_LUNG_TRUSTED_FOLDERS', run);
    expect((await clipLung('export', run, '--out', at('x.onnx'))).code).toBe(2);
    expect(evil.wasRun()).toBe(false);
    vi.stubEnv('CLIP_LUNG_TRUSTED_FOLDERS', `${run}:${at('packages')}`);
    expect((await clipLung('export', run, '--out', at('x.onnx'))).code).toBe(0);
  });
});

describe('CLIP_LUNG_TRUSTED_FOLDERS', () => {
  const code = async (run: string, trusted: string): Promise<number> => {
    vi.stubEnv('CLIP_LUNG_TRUSTED_FOLDERS', trusted);
    return (await clipLung('export', run, '--out', at('x.onnx'))).code;
  };

  it('names folders whose plugins run, with links followed', async () => {
    expect(await code(at('mlp'), folder)).toBe(0);
    expect(await code(at('mlp'), `/nowhere:${at('mlp')}/`)).toBe(0);
    expect(await code(at('mlp'), '/')).toBe(0);
    expect(await code(at('mlp'), '')).toBe(2);
    expect(await code(at('mlp'), at('ml'))).toBe(2);
    expect(await code(at('mlp'), at('texts'))).toBe(2);
    await mkdir(at('trusted'));
    await symlink(at('mlp'), at('trusted', 'mlp'));
    expect(await code(at('trusted', 'mlp'), at('trusted'))).toBe(2);
  });

  it.each(['.', 'runs', '/a:../b'])('%s is refused', async (trusted) => {
    vi.stubEnv('CLIP_LUNG_TRUSTED_FOLDERS', trusted);
    const { code: found, err } = await clipLung(
      'export',
      at('mlp'),
      '--out',
      at('x.onnx'),
    );
    expect(err).toMatch(
      /^error: CLIP_LUNG_TRUSTED_FOLDERS: .* is not an absolute path/,
    );
    expect(found).toBe(2);
  });
});

describe('an experiment in JSON', () => {
  it.each(['experiment.json', 'mine.json', 'record.json'])(
    'is data: %s does not run the plugins that it names',
    async (name) => {
      const evil = await marking();
      await writeFile(elsewhere(), evil.text);
      const experiment = {
        plugins: [`./${elsewhereName()}`],
        head: { use: 'mlp' },
        losses: [{ use: 'cross-entropy' }],
      };
      const written = name === 'record.json' ? { experiment } : experiment;
      await writeFile(at(name), JSON.stringify(written));
      const refused = await train(at(name), at('never'));
      expect(refused.code).toBe(2);
      expect(refused.err).toContain(`  ${elsewhere()}  SHA-256 `);
      expect(evil.wasRun()).toBe(false);
      // What is on the command line is the user's.
      const set = ['--set', `plugins=["./${elsewhereName()}"]`];
      expect((await train(at(name), at('never'), ...set)).code).toBe(2);
      expect(evil.wasRun()).toBe(false);
      const absolute = ['--set', `plugins=[${JSON.stringify(elsewhere())}]`];
      const own = at(`own-${name}`);
      const narrow = [
        '--set',
        'image={"use": "resnet18", "groups": 2, "width": 2}',
      ];
      expect(await train(at(name), own, ...absolute, ...narrow)).toMatchObject({
        code: 0,
      });
      expect(evil.wasRun()).toBe(true);
    },
  );

  it('is none the less data where a program hands it on', async () => {
    const evil = await marking();
    await writeFile(elsewhere(), evil.text);
    const plugin = recordOf(folder, elsewhereName(), evil.text);
    const experiment = { plugins: [plugin], head: { use: 'mlp' } };
    const text = `export default ${JSON.stringify(experiment)};`;
    await writeFile(at('handed.ts'), text);
    expect((await train(at('handed.ts'), at('never'))).code).toBe(2);
    expect(evil.wasRun()).toBe(false);
  });
});

describe('the loader of experiments', () => {
  it('keeps no compiled files where other users can put theirs', async () => {
    const temporary = await mkdtemp(at('tmp-'));
    await writeFile(
      at('alone.mjs'),
      `
      import { importFile } from ${JSON.stringify(fileURLToPath(new URL('../../../packages/experiment/dist/import-file.js', import.meta.url)))};
      console.log((await importFile(process.argv[2])).head.use);`,
    );
    const shown = execFileSync(
      process.execPath,
      [at('alone.mjs'), at('study', 'experiment.ts')],
      {
        env: { ...process.env, TMPDIR: temporary, JITI_FS_CACHE: 'true' },
        encoding: 'utf8',
      },
    );
    expect(shown.trim()).toBe('mlp');
    expect(await readdir(temporary)).toEqual([]);
  });
});

describe('the plugins that a run keeps', () => {
  const file = (): string => at('study', 'mlp-head.ts');
  const experiment = (): string => at('study', 'experiment.ts');
  const narrow = ['--set', 'image.width=2'];
  let original = '';
  beforeAll(async () => {
    original = await readFile(file(), 'utf8');
  });
  afterEach(() => writeFile(file(), original));

  const started = async (): Promise<string> => {
    const run = at(`kept-${(runs += 1)}`);
    const { code, err } = await train(experiment(), run, ...narrow);
    expect([code, err]).toEqual([0, expect.any(String)]);
    return run;
  };
  const resume = (run: string, ...more: readonly string[]): Promise<Outcome> =>
    train(experiment(), run, ...narrow, '--resume', ...more);
  const exported = (run: string): Promise<Outcome> =>
    clipLung('export', run, '--out', at('x.onnx'), '--allow-plugins');

  it('open it wherever it lies, also when the originals are gone', async () => {
    const run = await started();
    const moved = at('other-machine', 'run');
    await mkdir(dirname(moved));
    await rename(run, moved);
    await rename(at('study'), at('gone'));
    const { code, err } = await exported(moved);
    await rename(at('gone'), at('study'));
    expect([code, err]).toEqual([
      0,
      expect.stringContaining(join(moved, 'plugins')),
    ]);
    expect(err).not.toMatch(/has changed/);
    await rm(at('other-machine'), { recursive: true });
  });

  it('do not lock it when a comment is added, and nobody has to be asked', async () => {
    const run = await started();
    await writeFile(file(), `// why\n${original}\n/* and how */\n`);
    const resumed = await resume(run);
    expect(resumed.err).toMatch(
      /^note: .*mlp-head\.ts has changed since the run began, in comments or layout alone$/m,
    );
    expect(resumed.code).toBe(0);
    const found = await exported(run);
    expect(found.err).toMatch(
      /^note: .*mlp-head\.ts has changed since the run was trained; the run's own copy is used$/m,
    );
    expect(found.code).toBe(0);
  });

  it('are asked for when another program has taken their place, or that is a choice, on record', async () => {
    const run = await started();
    const before = await readRunRecord(run);
    const evil = await marking();
    await writeFile(file(), original.replace('relu', 'tanh'));
    const refused = await resume(run);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain(
      "  or go on with today's files: --plugins current",
    );
    const kept = await resume(run, '--allow-plugins');
    expect(kept.code).toBe(0);
    expect(kept.err).toMatch(/goes on with its own copy/);
    expect(await readRunRecord(run)).toEqual(before);

    expect((await resume(run, '--plugins', 'current')).code).toBe(0);
    const after = await readRunRecord(run);
    expect(after.replacedPlugins).toEqual([
      { plugins: before.experiment['plugins'], epochs: { 0: 1 } },
    ]);
    expect({ ...after.experiment, plugins: [] }).toEqual({
      ...before.experiment,
      plugins: [],
    });
    expect(await readdir(join(run, 'plugins'))).toHaveLength(2);
    // Once more changes nothing more, and either of them is known now.
    expect((await resume(run, '--plugins', 'current')).code).toBe(0);
    expect((await resume(run)).code).toBe(0);
    expect(await readRunRecord(run)).toEqual(after);
    expect((await exported(run)).code).toBe(0);
    expect(evil.wasRun()).toBe(false);
  });

  it('may have been exchanged in a shared folder: they are not run in place of one’s own', async () => {
    const run = await started();
    const evil = await marking();
    const record = await readRunRecord(run);
    const [plugin] = record.experiment['plugins'] as readonly [PluginFile];
    await writeFile(join(run, plugin.kept ?? '', 'mlp-head.ts'), evil.text);
    expect((await exported(run)).err).toMatch(
      /is not the file that the run was trained with/,
    );
    const files = { 'mlp-head.ts': sha256(evil.text) };
    const plugins = [{ ...plugin, files }];
    await forgeRun(run, () => ({
      ...record,
      experiment: { ...record.experiment, plugins },
    }));
    const refused = await resume(run);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain(sha256(evil.text));
    expect(evil.wasRun()).toBe(false);
  });

  it('that an older run does not keep are taken from where they lay, or the way out is told', async () => {
    const run = await started();
    const record = await readRunRecord(run);
    const [plugin] = record.experiment['plugins'] as readonly [PluginFile];
    const old = { ...plugin, modules: undefined, kept: undefined };
    await forgeRun(run, () => ({
      ...record,
      experiment: { ...record.experiment, plugins: [old] },
    }));
    await rm(join(run, 'plugins'), { recursive: true });
    expect((await clipLung('export', run, '--out', at('x.onnx'))).code).toBe(2);
    expect((await exported(run)).code).toBe(0);
    // Its checkpoints are of the record as it was.
    await rm(join(run, 'fold-0'), { recursive: true });
    expect((await resume(run)).code).toBe(0);
    await writeFile(file(), `${original}\n// why\n`);
    expect((await exported(run)).err).toMatch(
      /Put that version back, train again, or go on with it: train --resume --plugins current/,
    );
    expect((await resume(run, '--plugins', 'current')).code).toBe(0);
    expect((await exported(run)).code).toBe(0);
  });

  it('are written before the record: a run that was killed between them can start', async () => {
    const run = await started();
    await rm(join(run, 'experiment.json'));
    await rm(join(run, 'fold-0'), { recursive: true });
    await mkdir(join(run, 'plugins', `.${id}.${'0'.repeat(12)}.tmp`));
    expect((await train(experiment(), run, ...narrow)).code).toBe(0);
  });

  it('go with the experiment into another run', async () => {
    const run = await started();
    const other = at(`kept-${(runs += 1)}`);
    const again = await train(
      join(run, 'experiment.json'),
      other,
      '--allow-plugins',
    );
    expect(again.code).toBe(0);
    const [from, to] = [await readRunRecord(run), await readRunRecord(other)];
    expect(to.experiment['plugins']).toEqual(from.experiment['plugins']);
    expect((await exported(other)).code).toBe(0);
  });
});
