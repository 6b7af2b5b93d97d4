import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const licence = readFileSync(join(root, 'LICENSE'));

/**
 * Packs every package as it would be published.
 *
 * @param {string} folder where the archives are written
 * @returns {readonly { json: Record<string, any>, archive: string, integrity: string }[]}
 */
export function packAll(folder) {
  return ['packages', 'apps'].flatMap((kind) =>
    readdirSync(join(root, kind)).map((name) =>
      pack(join(root, kind, name), folder),
    ),
  );
}

function pack(path, folder) {
  const json = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: path,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
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
  return {
    json,
    archive: join(folder, packed.filename),
    integrity: packed.integrity,
  };
}
