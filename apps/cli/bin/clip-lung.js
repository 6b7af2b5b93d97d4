#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// Nobody reads on, as behind `| head`: the program ends as one does that the closed pipe stops by a signal.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(141);
  });
}

/** What cannot be run at all, told as every failure is. */
function refuse(code, message) {
  console.error(`error: ${message}`);
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ error: { code, message } }));
  }
  process.exitCode = 1;
}

const main = new URL('../dist/main.js', import.meta.url);
// Before anything is imported: what an older Node lacks, it names by whatever needs it first.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  refuse(
    'node-version',
    `Node 20.19 or later is needed, this is ${process.versions.node}; see https://nodejs.org`,
  );
} else if (existsSync(fileURLToPath(main))) {
  const { main: run } = await import(main.href);
  process.exitCode = await run(process.argv.slice(2));
} else {
  refuse('not-built', 'clip-lung is not built; run: npm run build');
}
