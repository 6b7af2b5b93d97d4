/**
 * Writes the table of traced kernels into the KERNELS.md of @clip-lung/engine; with `--check`, only says whether it is up to
 * date. It reads the sources of the kernels and of the conformance suite, and needs the built packages (`npm run build`).
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { createJiti } from 'jiti';
import { format } from 'prettier';

const engine = new URL('../../packages/engine/', import.meta.url);
const file = fileURLToPath(new URL('KERNELS.md', engine));
const jiti = createJiti(import.meta.url);
const { engineTable, withTable } = await jiti.import(
  fileURLToPath(new URL('test/conformance/kernel-table.ts', engine)),
);
const document = await readFile(file, 'utf8');
const wanted = await format(withTable(document, engineTable), {
  filepath: file,
  singleQuote: true,
});

if (wanted === document) {
  console.log('The table of kernels is up to date.');
} else if (process.argv.includes('--check')) {
  console.error(
    `The table of kernels in ${file} is stale: run "node tools/docs/kernel-table.mjs".`,
  );
  process.exitCode = 1;
} else {
  const { writeFileAtomic } = await import('@clip-lung/tensor/node');
  await writeFileAtomic(file, wanted);
  console.log(`Wrote the table of kernels into ${file}.`);
}
