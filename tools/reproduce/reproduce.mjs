/**
 * Trains and tests every method on one simulated dataset, and makes the table of docs/reproducing.md:
 *
 *     npm run build && npm run reproduce -- --out <folder> [--seeds 3] [--only clip-lung,ce] [--jobs 2] [--write]
 *
 * Every step is a command of `clip-lung`, and is printed. What is there already is not made again, so that a run which was
 * stopped goes on. `--write` puts the table into docs/reproducing.md.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import {
  baselines,
  beyond,
  byTexts,
  data,
  everywhere,
  steps,
} from './methods.mjs';
import { tableOf, withTable } from './table.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cli = join(root, 'apps/cli/bin/clip-lung.js');

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    seeds: { type: 'string', default: '3' },
    only: { type: 'string' },
    jobs: {
      type: 'string',
      default: String(Math.min(2, availableParallelism())),
    },
    write: { type: 'boolean', default: false },
  },
});
const seeds = Number(values.seeds);
const jobs = Number(values.jobs);
if (values.out === undefined || !(seeds >= 1) || !(jobs >= 1)) {
  console.error(
    'usage: npm run reproduce -- --out <folder> [--seeds 3] [--only clip-lung,ce] [--jobs 2] [--write]',
  );
  process.exit(2);
}
if (!existsSync(join(root, 'apps/cli/dist/main.js'))) {
  console.error('the packages are not built; run: npm run build');
  process.exit(1);
}
const { out } = values;
const methods = [...baselines, ...steps, ...beyond];
const wanted = values.only?.split(',') ?? methods.map(({ file }) => file);
const unknown = wanted.filter((file) => !methods.some((m) => m.file === file));
if (unknown.length > 0) {
  console.error(
    `--only: unknown ${unknown.join(', ')}; known: ${methods.map(({ file }) => file).join(', ')}`,
  );
  process.exit(2);
}

/** Runs `clip-lung` and returns what it prints on standard output. */
function run(args) {
  console.error(`clip-lung ${args.join(' ')}`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [result, told] = ['', ''];
    child.stdout.on('data', (chunk) => (result += chunk));
    child.stderr.on('data', (chunk) => (told += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(result);
      else reject(new Error(`clip-lung ${args.join(' ')}\n${told}`));
    });
  });
}

const started = performance.now();
await mkdir(out, { recursive: true });
const [lidc, dataset] = [join(out, 'lidc'), join(out, 'dataset')];
if (!existsSync(join(dataset, 'manifest.json'))) {
  if (!existsSync(lidc)) await run(['phantom', lidc, ...data]);
  await run(['prepare', lidc, '--out', dataset]);
}

const queue = Array.from({ length: seeds }, (_, i) => i + 1).flatMap((seed) =>
  methods
    .filter(({ file }) => wanted.includes(file))
    .map((method) => ({ method, seed })),
);
const summaries = new Map();
const byTextsSummaries = new Map();
async function work() {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { method, seed } = next;
    const folder = join(out, 'runs', `${method.file}-${seed}`);
    const finished = join(folder, 'summary.json');
    if (!existsSync(finished)) {
      const overrides = [...everywhere, ...method.set, `training.seed=${seed}`];
      const begin = performance.now();
      await run([
        'train',
        `experiments/${method.file}.ts`,
        '--data',
        dataset,
        '--out',
        folder,
        '--resume',
        // Small models gain little by several threads; several trainings at a time do.
        ...(jobs > 1 ? ['--threads', '1'] : []),
        ...overrides.flatMap((override) => ['--set', override]),
      ]);
      await run(['evaluate', folder]);
      const seconds = Math.round((performance.now() - begin) / 1000);
      console.error(`${method.name}, seed ${seed}: ${seconds} s`);
    }
    const key = `${method.file}-${seed}`;
    summaries.set(key, JSON.parse(await readFile(finished, 'utf8')));
    if (!byTexts.includes(method)) continue;
    const also = join(folder, 'summary-by-texts.json');
    if (!existsSync(also)) await run(['evaluate', folder, '--by', 'texts']);
    byTextsSummaries.set(key, JSON.parse(await readFile(also, 'utf8')));
  }
}
await Promise.all(Array.from({ length: jobs }, work));
console.error(`${Math.round((performance.now() - started) / 60000)} minutes`);

const manifest = JSON.parse(
  await readFile(join(dataset, 'manifest.json'), 'utf8'),
);
const table = tableOf({
  groups: [
    { title: 'Methods of the paper’s tables', methods: baselines, summaries },
    {
      title: 'The same runs, classified by texts (random tower)',
      methods: byTexts,
      summaries: byTextsSummaries,
    },
    {
      title: 'Terms of the loss, with and without channel-wise prompts',
      methods: steps,
      summaries,
    },
    { title: 'Beyond the paper', methods: beyond, summaries },
  ],
  seeds,
  manifest,
});
console.log(table);
if (values.write) {
  const file = join(root, 'docs/reproducing.md');
  const { writeFileAtomic } = await import('@clip-lung/tensor/node');
  const { format } = await import('prettier');
  await writeFileAtomic(
    file,
    await format(withTable(await readFile(file, 'utf8'), table), {
      filepath: file,
      singleQuote: true,
    }),
  );
}
