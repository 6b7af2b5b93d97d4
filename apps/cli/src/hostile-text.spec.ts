import { createHash } from 'node:crypto';
import {
  cp,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readDataset } from '@clip-lung/data/node';
import { float32 } from '@clip-lung/tensor';
import { writeNpy } from '@clip-lung/tensor/node';
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
import { changeDigested } from '../test/digested.js';
import { forgeRun } from '../test/forge-run.js';

let folder = '';
const at = (...names: readonly string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hostile-'));
  await clipLung('phantom', at('lidc'), '--patients', '12', '--seed', '3');
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => {
  vi.unstubAllEnvs();
});

/** What a terminal would obey: all controls but the line feed that ends our own lines, and what turns text around. */
const acts =
  /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;

/** Everything that a command wrote, and nothing in it acts or begins a line of its own. */
function harmless({ out, err }: Outcome): string {
  const text = out + err;
  expect(text).not.toMatch(acts);
  expect(text).not.toMatch(/^FORGED/m);
  return text;
}

/** Writes another Patient ID of the same length into all files of a patient. */
async function renamePatient(
  root: string,
  id: string,
  to: string,
): Promise<void> {
  expect(Buffer.byteLength(to)).toBe(id.length);
  for (const name of await readdir(join(root, id), { recursive: true })) {
    if (!name.endsWith('.dcm')) continue;
    const file = join(root, id, name);
    const bytes = await readFile(file);
    for (let i = bytes.indexOf(id); i >= 0; i = bytes.indexOf(id, i + 1)) {
      bytes.write(to, i);
    }
    await writeFile(file, bytes);
  }
}

describe('what a file says', () => {
  it('is shown as text where it is the name of a file, a patient or a folder', async () => {
    const lidc = at('li\u001b]0;title\u0007dc\u202e');
    await cp(at('lidc'), lidc, { recursive: true });
    await renamePatient(lidc, 'PHANTOM-0001', '\u001b[31mP\nFORGE');
    await renamePatient(lidc, 'PHANTOM-0002', 'P\u009b2J\u202e-002');
    const patient = join(lidc, 'PHANTOM-0003');
    const xml = (await readdir(patient, { recursive: true })).find((name) =>
      name.endsWith('.xml'),
    );
    await writeFile(
      join(patient, 'b\u001b[2J\nFORGED: all is well\r.xml'),
      '<LidcReadMessage>\u202e',
    );
    await rename(join(patient, xml ?? ''), join(patient, 'a\u0085\u009dx.xml'));
    const inspected = harmless(await clipLung('inspect', lidc));
    expect(inspected).toContain('b\\x1b[2J\\nFORGED: all is well\\r.xml');
    const prepared = await clipLung(
      'prepare',
      lidc,
      '--out',
      at('hostile\u009b'),
    );
    harmless(prepared);
    const missing = await clipLung(
      ...['prepare', lidc, '--out', at('x'), '--patients', 'nobody\u001b[1m'],
    );
    const found = harmless(missing);
    expect(found).toContain('nobody\\x1b[1m');
    expect(found).toContain('the first \\x1b[31mP\\nFORGE, ');
    for (const command of ['inspect', 'prepare'] as const) {
      const more = command === 'prepare' ? ['--out', at('hostile\u009b')] : [];
      const json = await clipLung(command, lidc, '--json', ...more);
      harmless(json);
      expect(() => JSON.parse(json.out) as unknown).not.toThrow();
    }
  });

  it('is shown as text where it is an argument, or an error with a trace', async () => {
    const odd = 'o\u001b[31m\nFORGED\u202e';
    const commands = [
      ['train', odd, '--data', odd, '--out', odd],
      ['train', `${odd}.ts`, '--data', odd, '--out', odd, '--verbose'],
      ['evaluate', odd],
      ['analyse', odd, '--data', odd, '--out', odd],
      ['export', odd, '--out', odd, '--verbose'],
      ['predict', odd, odd],
      ['inspect', odd],
      ['phantom', '/dev/null', odd],
      [odd],
      [`--${odd}`],
      ['train', `--${odd}`],
    ];
    for (const command of commands) {
      const outcome = await clipLung(...command);
      expect(outcome.code).not.toBe(0);
      // Commander's own errors stand on several lines, so line breaks of arguments stay there.
      const { out, err } = outcome;
      expect(out + err).not.toMatch(acts);
    }
  });

  it('is shown as text where a class, a nodule or a run is called so', async () => {
    const lidc = at('lidc');
    await clipLung('prepare', lidc, '--out', at('dataset'));
    await writeFile(at('ce.json'), JSON.stringify(smallExperiment));
    const run = at('run');
    const options = ['--data', at('dataset'), '--out', run, '--fold', '0'];
    expect((await clipLung('train', at('ce.json'), ...options)).code).toBe(0);
    const odd = 'be\u001b[8mn\nFORGED\u202e';
    await changeDigested(join(run, 'experiment.json'), (text) =>
      text.replaceAll('"benign"', JSON.stringify(odd)),
    );
    const table = join(run, 'fold-0', 'predictions.csv');
    /** As whoever changes predictions on purpose can, with their digest. */
    const forge = async (change: (text: string) => string): Promise<void> => {
      const text = change(await readFile(table, 'utf8'));
      await writeFile(table, text);
      const sha256 = createHash('sha256').update(text).digest('hex');
      await changeDigested(join(run, 'fold-0', 'predictions.json'), (about) =>
        about.replace(/"predictions": "\w+"/, `"predictions": "${sha256}"`),
      );
    };
    await forge((text) =>
      text
        .replaceAll('p_benign', `"p_${odd}"`)
        .replaceAll(',benign', `,"${odd}"`)
        .replaceAll(/^PHANTOM-0/gm, '\u009b0m'),
    );
    const shown = 'be\\x1b[8mn\\nFORGED\\u202e';
    expect(harmless(await clipLung('evaluate', run))).toContain(shown);
    expect(harmless(await clipLung('evaluate', run, run))).toContain(shown);
    expect(
      harmless(await clipLung('export', run, '--out', at('m.onnx'))),
    ).toContain(shown);
    const json = await clipLung('evaluate', run, '--json');
    harmless(json);
    expect(JSON.stringify(JSON.parse(json.out))).toContain(
      JSON.stringify(odd).slice(1, -1),
    );
    const crop = at('crop.npy');
    await writeNpy(
      crop,
      float32([32, 32, 32], new Float32Array(32 ** 3).fill(-1000, 1)),
    );
    expect(harmless(await clipLung('predict', at('m.onnx'), crop))).toContain(
      shown,
    );
    await forge((text) => text.replace(/,[\d.e-]+$/m, ',\u001b[2J'));
    expect(harmless(await clipLung('evaluate', run))).toContain('\\x1b[2J');
  });

  it('is a list where an error has one, each item on its line', async () => {
    await writeFile(at('not.onnx'), '\u001b[31m\nFORGED');
    harmless(await clipLung('predict', at('not.onnx'), at('crop.npy')));
    const run = at('run');
    await clipLung(
      'train',
      at('ce.json'),
      '--data',
      at('dataset'),
      '--out',
      at('other'),
      '--fold',
      '0',
      '--set',
      'image.width=4',
    );
    await cp(at('other/fold-0/checkpoints'), join(run, 'fold-0/checkpoints'), {
      recursive: true,
    });
    const exported = ['export', run, '--out', at('x.onnx')];
    expect(harmless(await clipLung(...exported))).toContain(
      'belongs to another experiment than the run',
    );
    // Another test has made predictions of it that cannot be read.
    await rm(join(run, 'fold-0', 'predictions.csv'));
    await forgeRun(run, (record) => record);
    const text = harmless(await clipLung(...exported));
    expect(text).toMatch(/tensors differ .*\n {2}≠ average\.params\.\S+ \[/);
  });

  it('is not run by a spreadsheet, and is read back as it was', async () => {
    const ids = [
      "=cmd|'/c'!A0",
      '+1+cmd|x!A00',
      '@SUM(1+1)*20',
      '-2+3+cmd|-00',
    ];
    const lidc = at('formulas');
    await cp(at('lidc'), lidc, { recursive: true });
    for (const [i, id] of ids.entries()) {
      await renamePatient(lidc, `PHANTOM-000${i + 1}`, id);
    }
    await clipLung('prepare', lidc, '--out', at('formulas-data'));
    for (const name of [
      'nodules.csv',
      'scans.csv',
      'folds.csv',
      'readers.csv',
    ]) {
      const text = await readFile(at('formulas-data', name), 'utf8');
      expect(text).not.toMatch(/(^|[,;"])[=+@]/m);
      expect(text).not.toMatch(/(^|[,;"])-(?!\d+(\.\d+)?(e-?\d+)?(,|$))/m);
      if (name !== 'readers.csv') expect(text).toContain(`'${ids[0] ?? ''}`);
    }
    const { nodules } = await readDataset(at('formulas-data'));
    const patients = new Set(nodules.map(({ patient }) => patient));
    expect(ids.filter((id) => patients.has(id))).toEqual(ids);
    expect(nodules.some(({ id }) => id.startsWith('=cmd'))).toBe(true);
    const run = at('formulas-run');
    await clipLung(
      'train',
      at('ce.json'),
      '--data',
      at('formulas-data'),
      '--out',
      run,
    );
    let quoted = 0;
    for (let fold = 0; fold < 5; fold++) {
      const text = await readFile(
        join(run, `fold-${fold}`, 'predictions.csv'),
        'utf8',
      );
      expect(text).not.toMatch(/^[=+@-]/m);
      quoted += text.match(/^'[=+@-]/gm)?.length ?? 0;
    }
    expect(quoted).toBeGreaterThan(ids.length);
    expect((await clipLung('evaluate', run)).code).toBe(0);
    expect((await clipLung('evaluate', run, '--by', 'texts')).code).toBe(0);
  });
});

describe('credentials in an address', () => {
  it.each([
    ['text.host', 'https://ada:secret@hub.org'],
    ['text.model', 'https://ada:secret@hub.org/model'],
    ['text.model', 'ftp://secret@hub.org'],
  ])('are not printed, and not kept: %s=%s', async (name, address) => {
    const experiment = at('addressed.json');
    await writeFile(experiment, '{}');
    const outcome = await clipLung(
      ...['train', experiment, '--data', at('dataset'), '--out', at('never')],
      ...['--set', `${name}=${address}`, '--offline', '--verbose'],
    );
    expect(outcome.code).not.toBe(0);
    expect(outcome.out + outcome.err).not.toContain('secret');
    await expect(readdir(at('never'))).rejects.toThrow('ENOENT');
  });

  it('of HF_ENDPOINT are not printed', async () => {
    vi.stubEnv('HF_ENDPOINT', 'https://ada:secret@hub.org');
    await writeFile(at('clip.json'), '{}');
    const { code, err } = await clipLung(
      ...[
        'train',
        at('clip.json'),
        '--data',
        at('dataset'),
        '--out',
        at('never'),
      ],
    );
    expect(err).toMatch(/HF_ENDPOINT holds a user name or password/);
    expect([code, err.includes('secret')]).toEqual([1, false]);
  });
});

it('--offline says which files were wanted, and where they were looked for', async () => {
  await writeFile(
    at('clip.json'),
    '{"text": {"use": "clip", "model": "nobody/nothing"}}',
  );
  const { code, err } = await clipLung(
    ...[
      'train',
      at('clip.json'),
      '--data',
      at('dataset'),
      '--out',
      at('never'),
      '--offline',
    ],
  );
  expect(err).toMatch(
    /downloads are off; looked for in \S+nobody\/nothing, which lacks config\.json, tokenizer\.json/,
  );
  expect(code).toBe(1);
});
