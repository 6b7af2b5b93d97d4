// The whole check of the project, `npm test`: runs every step, also after one has failed, and ends with a line that
// counts what passed and what failed: unit tests one by one, every other step as one.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'check-'));
const report = join(folder, 'tests.json');

/** @type {readonly { name: string, command: readonly string[], counts?: () => { passed: number, failed: number, skipped: number } }[]} */
const steps = [
  { name: 'references', command: ['nx', 'sync:check'] },
  {
    name: 'format',
    command: ['prettier', '--check', '--log-level', 'warn', '.'],
  },
  { name: 'types and build', command: ['tsc', '-b'] },
  {
    name: 'lint',
    command: ['nx', 'run-many', '-t', 'lint', '--output-style', 'static'],
  },
  {
    name: 'lint of what is no package',
    command: ['eslint', 'experiments', 'examples'],
  },
  {
    name: 'tests',
    command: [
      'vitest',
      'run',
      '--reporter',
      'default',
      '--reporter',
      'json',
      '--outputFile.json',
      report,
    ],
    counts: testCounts,
  },
  { name: 'unused files, exports and dependencies', command: ['knip'] },
  { name: 'API reference', command: ['node', 'tools/docs/api.mjs'] },
  { name: 'code in READMEs', command: ['node', 'tools/docs/snippets.mjs'] },
  {
    name: 'packed packages',
    command: ['node', 'tools/check/packed-packages.mjs'],
  },
];

const total = { passed: 0, failed: 0, skipped: 0 };
for (const { name, command, counts } of steps) {
  const started = Date.now();
  console.log(`\n== ${name}: ${command.join(' ')}`);
  const [program = '', ...args] = command;
  const { status } = spawnSync(
    program === 'node' ? process.execPath : 'npx',
    program === 'node' ? args : ['--no-install', program, ...args],
    {
      stdio: 'inherit',
      env: { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true' },
    },
  );
  const found = counts?.() ?? { passed: 0, failed: 0, skipped: 0 };
  // A step that fails without a failed test has failed as a whole.
  const whole = counts === undefined || (status !== 0 && found.failed === 0);
  total.passed += found.passed + (whole && status === 0 ? 1 : 0);
  total.failed += found.failed + (whole && status !== 0 ? 1 : 0);
  total.skipped += found.skipped;
  console.log(
    `== ${name}: ${status === 0 ? 'passed' : 'FAILED'} in ${Math.round((Date.now() - started) / 1000)} s`,
  );
}
rmSync(folder, { recursive: true });
console.log(
  `\n${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`,
);
process.exitCode = total.failed === 0 ? 0 : 1;

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
