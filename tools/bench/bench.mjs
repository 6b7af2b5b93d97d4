// Runs one benchmark: `npm run bench -- <name> [--json]`. Figures are ratios against a peer in the same run; a peer in
// Python runs where tools/reference/setup.sh has been run, or CLIP_LUNG_PYTHON names an interpreter that has torch.
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { findPython } from './python.mjs';

const folder = new URL('./', import.meta.url);
const known = readdirSync(folder)
  .filter((file) => file.endsWith('.bench.mjs'))
  .map((file) => file.replace('.bench.mjs', ''));
const args = process.argv.slice(2);
const json = args.includes('--json');
const [name, ...rest] = args.filter((arg) => arg !== '--json');

if (
  name === undefined ||
  !known.includes(name) ||
  rest.some((arg) => !arg.startsWith('--only='))
) {
  console.error(
    `usage: npm run bench -- <${known.join(' | ')}> [--only=<part>] [--json]`,
  );
  process.exit(2);
}
if (
  !existsSync(
    fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url)),
  )
) {
  console.error('the packages are not built; run: npm run build');
  process.exit(1);
}

/** A line for whoever watches; standard output is for the result. */
const note = (text) => console.error(text);
const python = findPython();
if (python === null) {
  note(
    'no Python with torch found, so nothing is compared with it; tools/reference/setup.sh installs one',
  );
}
const { run, format } = await import(new URL(`${name}.bench.mjs`, folder).href);
const only = rest.map((arg) => arg.slice('--only='.length));
const result = await run({
  note,
  python,
  wants: (part) => only.length === 0 || only.includes(part),
});
console.log(json ? JSON.stringify(result) : format(result));
