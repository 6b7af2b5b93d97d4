/**
 * Writes the table of traced kernels into the README of @clip-lung/engine; with `--check`, only says whether it is up to
 * date. It reads the sources of the kernels and of the conformance suite, and needs the built packages (`npm run build`).
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { createJiti } from 'jiti';
import { format } from 'prettier';

const engine = new URL('../../packages/engine/', import.meta.url);
const readmeFile = fileURLToPath(new URL('README.md', engine));
const jiti = createJiti(import.meta.url);
const load = (file) =>
  jiti.import(fileURLToPath(new URL(`test/conformance/${file}`, engine)));

const { engineTable } = await load('engine-table.ts');
const { withTable } = await load('kernel-table.ts');
const readme = await readFile(readmeFile, 'utf8');
const wanted = await format(withTable(readme, engineTable), {
  filepath: readmeFile,
  singleQuote: true,
});

if (wanted === readme) {
  console.log('The table of kernels is up to date.');
} else if (process.argv.includes('--check')) {
  console.error(
    `The table of kernels in ${readmeFile} is stale: run "node tools/docs/kernel-table.mjs".`,
  );
  process.exitCode = 1;
} else {
  const { writeFileAtomic } = await import('@clip-lung/tensor/node');
  await writeFileAtomic(readmeFile, wanted);
  console.log(`Wrote the table of kernels into ${readmeFile}.`);
}
