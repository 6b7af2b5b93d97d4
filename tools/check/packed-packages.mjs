// Packs every package as it would be published, installs the archives into an empty project, counts the copies of tfjs there,
// imports everything that they export, and runs the command.
import { execFileSync } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const licence = readFileSync(join(root, 'LICENSE'));
const folder = mkdtempSync(join(tmpdir(), 'packed-'));
const run = (program, args, cwd) =>
  execFileSync(program, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });

try {
  const packages = ['packages', 'apps'].flatMap((kind) =>
    readdirSync(join(root, kind)).map((name) => {
      const path = join(root, kind, name);
      return {
        path,
        json: JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')),
      };
    }),
  );
  const archives = packages.map(({ path, json }) => {
    const [packed] = JSON.parse(
      run('npm', ['pack', '--json', '--pack-destination', folder], path),
    );
    const files = packed.files.map((file) => file.path);
    const odd = files.filter((file) =>
      /\.spec\.|tsbuildinfo|fixtures\//.test(file),
    );
    if (odd.length > 0)
      throw new Error(`${json.name} would publish ${odd.join(', ')}`);
    for (const needed of [
      'package.json',
      'dist/index.js',
      'dist/index.d.ts',
      'README.md',
      'LICENSE',
    ]) {
      if (!files.includes(needed))
        throw new Error(`${json.name} would be published without ${needed}`);
    }
    // Apache-2.0 asks for a copy of the licence with every copy of the work.
    if (!readFileSync(join(path, 'LICENSE')).equals(licence))
      throw new Error(`${json.name} has another LICENSE than the project`);
    return `file:${join(folder, packed.filename)}`;
  });

  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'user', private: true, type: 'module' }),
  );
  run(
    'npm',
    [
      'install',
      '--ignore-scripts',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      ...archives,
    ],
    folder,
  );

  // With two copies, the engine of one would not know the tensors of the other.
  const copies = readdirSync(join(folder, 'node_modules'), {
    recursive: true,
  }).filter((path) =>
    path.endsWith(join('@tensorflow/tfjs-core/package.json')),
  );
  if (copies.length !== 1) {
    throw new Error(
      `there are ${copies.length} copies of @tensorflow/tfjs-core, expected one: ${copies.join(', ')}`,
    );
  }

  const entries = packages.flatMap(({ json }) =>
    Object.keys(json.exports)
      .filter((entry) => entry !== './package.json')
      .map((entry) => json.name + entry.slice(1)),
  );
  writeFileSync(
    join(folder, 'import.mjs'),
    entries
      .map(
        (entry) =>
          `if (Object.keys(await import('${entry}')).length === 0) throw new Error('${entry} exports nothing');`,
      )
      .join('\n'),
  );
  run(process.execPath, ['import.mjs'], folder);
  const doctor = JSON.parse(
    run(
      join(folder, 'node_modules/.bin/clip-lung'),
      ['doctor', '--json'],
      folder,
    ),
  );
  if (!(doctor.engines[0].matMulMs > 0))
    throw new Error('the packed command computes nothing');
  console.log(
    `${archives.length} packages packed, installed and imported through ${entries.length} entries`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
