import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clipLung } from '../test/clip-lung.js';

describe('a failure with --json', () => {
  it.each([
    [['inspect', 'nowhere'], 1, 'input', /nowhere/],
    [['prepare', 'nowhere', '--out', 'x'], 1, 'input', /nowhere/],
    [
      ['train', 'none.ts', '--data', 'd', '--out', 'r'],
      2,
      'experiment-file',
      /none\.ts: there is no such file/,
    ],
    [
      ['train', 'bad.json', '--data', 'd', '--out', 'r'],
      2,
      'experiment',
      /training\.epochs: Too big/,
    ],
    [
      ['train', 'twice.json', '--data', 'd', '--out', 'r'],
      2,
      'experiment-file',
      /twice\.json: .*the key "epochs" is given twice/,
    ],
    [
      ['evaluate', 'nowhere'],
      1,
      'missing-run-file',
      /this is not a run folder/,
    ],
    [
      ['export', 'nowhere', '--out', 'x'],
      1,
      'missing-run-file',
      /this is not a run folder/,
    ],
    [
      ['predict', 'none.onnx', 'x', '--at=0,0,0', '--diameter', '5'],
      2,
      'inference-request',
      /none\.onnx: there is no such file or folder/,
    ],
    [
      ['phantom', 'p', '--patients', 'many'],
      2,
      'usage',
      /^option '--patients <n>' argument 'many' is invalid/,
    ],
    [['train'], 2, 'usage', /^missing required argument 'experiment'/],
    [['doctor', '--frobnicate'], 2, 'usage', /^unknown option '--frobnicate'/],
    [['frobnicate'], 2, 'usage', /^unknown command 'frobnicate'/],
  ] as const)(
    '%j is one JSON object, and exit code %d',
    async (args, expected, errorCode, message) => {
      const { code, out, err } = await clipLung(
        ...args.map(inFolder),
        '--json',
      );
      expect(code).toBe(expected);
      const { error } = JSON.parse(out) as {
        error: { code: string; message: string };
      };
      expect(error.code).toBe(errorCode);
      expect(error.message).toMatch(message);
      expect(err).toContain(error.message.split('\n')[0]);
    },
  );

  it('names the field of an experiment', async () => {
    const { out } = await clipLung(
      ...[
        'train',
        join(folder, 'bad.json'),
        '--data',
        'd',
        '--out',
        'r',
        '--json',
      ],
    );
    expect(JSON.parse(out)).toMatchObject({
      error: { code: 'experiment', path: 'training.epochs' },
    });
  });

  it('leaves standard output alone without --json, and with help', async () => {
    expect((await clipLung('evaluate', 'nowhere')).out).toBe('');
    const help = await clipLung('train', '--help', '--json');
    expect(help.code).toBe(0);
    expect(help.out).not.toContain('{"error"');
  });
});

describe('a misspelt option', () => {
  it.each([
    [['train', 'e.ts', '--dta', 'ds', '--out', 'r'], '--dta', '--data'],
    [['prepare', 'x', '--ot', 'y'], '--ot', '--out'],
    [['export', 'run', '--fild', '0'], '--fild', '--fold'],
    [['predict', 'm.onnx', 'x', '--diamter', '3'], '--diamter', '--diameter'],
    [['phantom', 'p', '--pacients', '3'], '--pacients', '--patients'],
  ] as const)(
    'is told before what is missing: %j',
    async (args, wrong, meant) => {
      const { code, err } = await clipLung(...args);
      expect(code).toBe(2);
      expect(err).toContain(
        `error: unknown option '${wrong}'\n(Did you mean ${meant}?)`,
      );
      expect(err).not.toContain('required');
    },
  );
});

it.each([
  ['18.20.8', true],
  ['20.18.3', true],
  ['20.19.0', false],
  ['22.1.0', false],
])('Node %s is refused before anything is imported: %s', (version, refused) => {
  const bin = new URL('../bin/clip-lung.js', import.meta.url).href;
  const { stderr, status } = spawnSync(
    process.execPath,
    [
      ...['--input-type=module', '--eval'],
      `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });
       process.argv = [process.argv[0], 'clip-lung', '--version'];
       await import(${JSON.stringify(bin)});`,
    ],
    { encoding: 'utf8' },
  );
  const message = `Node 20.19 or later is needed, this is ${version}`;
  expect(stderr.includes(message)).toBe(refused);
  if (refused) expect(status).toBe(1);
});

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'failures-'));
  await writeFile(
    join(folder, 'twice.json'),
    '{"training": {"epochs": 1, "epochs": 100}}',
  );
  await writeFile(
    join(folder, 'bad.json'),
    '{"training":{"epochs":99999999999}}',
  );
});
afterAll(() => rm(folder, { recursive: true }));

/** File names of the commands above, where they are. */
function inFolder(arg: string): string {
  return /^(nowhere|x|r|d|p|none\.\w+|(bad|twice)\.json)$/.test(arg)
    ? join(folder, arg)
    : arg;
}
