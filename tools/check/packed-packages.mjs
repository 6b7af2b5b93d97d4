// Packs every package as it would be published, follows docs/study.md with them in an empty folder, counts the copies of tfjs
// there, imports everything that the packages export, and runs the command.
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expectTypes, followStudy } from './follow-study.mjs';
import { packAll } from './pack.mjs';
import { serveRegistry } from './registry.mjs';

const folder = mkdtempSync(join(tmpdir(), 'packed-'));
const [archives, study] = ['archives', 'study'].map((name) => {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
});
const execute = promisify(execFile);

/** Not as a blocking call: npm asks the registry of this process. */
async function run(program, args) {
  try {
    const { stdout } = await execute(program, args, {
      cwd: study,
      env: {
        ...process.env,
        npm_config_audit: 'false',
        npm_config_fund: 'false',
        npm_config_prefer_offline: 'true',
      },
    });
    return stdout;
  } catch (error) {
    throw new Error(`${error.message}\n${error.stdout}`, { cause: error });
  }
}

const packed = packAll(archives);
const registry = await serveRegistry(packed);
try {
  // The one thing that differs from the day when the packages are published.
  writeFileSync(join(study, '.npmrc'), `@clip-lung:registry=${registry.url}\n`);
  await followStudy(study, run);

  const missing = packed.filter(
    ({ json }) => !existsSync(join(study, 'node_modules', json.name)),
  );
  if (missing.length > 0) {
    throw new Error(
      `docs/study.md does not install ${missing.map(({ json }) => json.name).join(', ')}, so nothing imports what is packed of it`,
    );
  }
  // With two copies, the engine of one would not know the tensors of the other.
  const copies = readdirSync(join(study, 'node_modules'), {
    recursive: true,
  }).filter((path) =>
    path.endsWith(join('@tensorflow/tfjs-core/package.json')),
  );
  if (copies.length !== 1) {
    throw new Error(
      `there are ${copies.length} copies of @tensorflow/tfjs-core, expected one: ${copies.join(', ')}`,
    );
  }

  const entries = packed.flatMap(({ json }) =>
    Object.keys(json.exports)
      .filter((entry) => entry !== './package.json')
      .map((entry) => json.name + entry.slice(1)),
  );
  writeFileSync(
    join(study, 'import.mjs'),
    entries
      .map(
        (entry) =>
          `if (Object.keys(await import('${entry}')).length === 0) throw new Error('${entry} exports nothing');`,
      )
      .join('\n'),
  );
  const clipLung = join('node_modules', '.bin', 'clip-lung');
  const [said] = await Promise.all([
    run(clipLung, ['doctor', '--json']),
    run(process.execPath, ['import.mjs']),
    expectTypes(study, run),
  ]);
  const doctor = JSON.parse(said);
  if (!(doctor.engines[0].matMulMs > 0))
    throw new Error('the packed command computes nothing');
  console.log(
    `${packed.length} packages packed, installed and imported through ${entries.length} entries; docs/study.md followed`,
  );
} finally {
  registry.close();
  rmSync(folder, { recursive: true });
}
