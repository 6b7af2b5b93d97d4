// The whole check of the project, `npm test`: runs every step, also after one has failed, and ends with a line that
// counts what passed and what failed: unit tests one by one, every other step as one.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'check-'));
const report = join(folder, 'tests.json');

/** @typedef {{ name: string, command: readonly string[] }} Step */

/** Each takes one core; so these lists run beside one another, each in its order. @type {readonly (readonly Step[])[]} */
const lists = [
  [
    { name: 'references', command: ['nx', 'sync:check'] },
    // It reads the graph of the packages that the step before has left, and would pass over its rules without one.
    {
      name: 'lint',
      command: ['eslint', 'packages', 'apps', 'experiments', 'examples'],
    },
    { name: 'unused files, exports and dependencies', command: ['knip'] },
    {
      name: 'format',
      command: ['prettier', '--check', '--log-level', 'warn', '.'],
    },
  ],
  [
    { name: 'types and build', command: ['tsc', '-b'] },
    {
      name: 'packed packages',
      command: ['node', 'tools/check/packed-packages.mjs'],
    },
    { name: 'API reference', command: ['node', 'tools/docs/api.mjs'] },
    { name: 'code in READMEs', command: ['node', 'tools/docs/snippets.mjs'] },
  ],
];

/** It takes every core, and what the others have built. @type {Step} */
const tests = {
  name: 'tests',
  command: [
    'vitest',
    'run',
    ...['--reporter', 'default'],
    ...['--reporter', 'json', '--outputFile.json', report],
  ],
};

const none = { passed: 0, failed: 0, skipped: 0 };
const total = { ...none };

const ends = lists.flatMap((list) => {
  let before = Promise.resolve();
  return list.map((step) => {
    const end = before.then(() => run(step, 'pipe'));
    before = end.then(() => undefined);
    return { step, end };
  });
});
for (const { step, end } of ends) {
  const { output, ...result } = await end;
  announce(step);
  process.stdout.write(output);
  conclude(step, result);
}

announce(tests);
const result = await run(tests, 'inherit');
conclude(tests, result, testCounts());
rmSync(folder, { recursive: true });

console.log(
  `\n${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`,
);
process.exitCode = total.failed === 0 ? 0 : 1;

/**
 * @param {Step} step
 * @param {'pipe' | 'inherit'} stdio whether its output is kept until it ends, or shown as it comes
 * @returns {Promise<{ ok: boolean, seconds: number, output: string }>}
 */
function run({ command: [program = '', ...args] }, stdio) {
  const started = Date.now();
  return new Promise((resolve) => {
    let output = '';
    const say = (text) => {
      if (stdio === 'pipe') output += text;
      else process.stderr.write(text);
    };
    const child = spawn(
      program === 'node' ? process.execPath : 'npx',
      program === 'node' ? args : ['--no-install', program, ...args],
      {
        stdio: ['ignore', stdio, stdio],
        env: { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true' },
      },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', say);
    }
    const end = (ok) =>
      resolve({ ok, output, seconds: (Date.now() - started) / 1000 });
    child.on('error', (error) => {
      say(`${String(error)}\n`);
      end(false);
    });
    child.on('close', (status, signal) => {
      if (status !== 0) say(`ended with ${signal ?? `exit code ${status}`}\n`);
      end(status === 0);
    });
  });
}

/** @param {Step} step */
function announce({ name, command }) {
  console.log(`\n== ${name}: ${command.join(' ')}`);
}

function conclude({ name }, { ok, seconds }, counts) {
  const { passed, failed, skipped } = counts ?? none;
  // A step that fails without a failed test has failed as a whole.
  const whole = counts === undefined || (!ok && failed === 0);
  total.passed += passed + (whole && ok ? 1 : 0);
  total.failed += failed + (whole && !ok ? 1 : 0);
  total.skipped += skipped;
  console.log(
    `== ${name}: ${ok ? 'passed' : 'FAILED'} in ${Math.round(seconds)} s`,
  );
}

function testCounts() {
  try {
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    return {
      passed: numPassedTests,
      failed: numFailedTests,
      skipped: numPendingTests,
    };
  } catch (error) {
    console.error(`the tests left no report: ${String(error)}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
