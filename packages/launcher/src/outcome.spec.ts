import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { JobFileError } from './error.js';
import { endState, readOutcome } from './outcome.js';

describe('what a task came to', () => {
  it('is not known before it has ended', async () => {
    await writeFile(join(jobs, 'a.log'), '== started now on here\nerror: x\n');
    expect(await readOutcome(jobs, 'a')).toBeUndefined();
  });

  it.each([
    ['the last error', 'error: first\nerror: second\nbye\n', 'error: second'],
    ['else the last line', 'one\ntwo  \n\n', 'two'],
    ['of the last start alone', 'error: old\n== started x\nnew\n', 'new'],
    ['nothing of an empty log', 'old\n== started x\n \n', undefined],
    ['a line as it was last', 'epoch 1\repoch 2\r\n', 'epoch 2'],
    ['of a long log its end', `error: ${'x'.repeat(70_000)}\nend`, 'end'],
    ['a part of a long line', 'y'.repeat(2000), `${'y'.repeat(1000)}…`],
  ])('has %s', async (_, log, expected) => {
    await writeFile(join(jobs, 'a.log'), log);
    await writeFile(join(jobs, 'a.exit'), exit);
    expect(await readOutcome(jobs, 'a')).toEqual({
      ...{ code: 1, signal: null, at: '2026-01-31T10:00:00Z', host: 'node-3' },
      ...{ restarts: 2, log: join(jobs, 'a.log'), lastError: expected },
    });
  });

  it('is told without reading all of a log that has grown large', async () => {
    const log = join(jobs, 'a.log');
    await writeFile(log, 'error: long ago\n');
    await appendFile(log, Buffer.alloc(50 * 2 ** 20, 'line\n'));
    await writeFile(join(jobs, 'a.exit'), exit);
    expect((await readOutcome(jobs, 'a'))?.lastError).toBe('line');
  });

  it('is known without a log', async () => {
    await writeFile(join(jobs, 'a.exit'), exit);
    expect((await readOutcome(jobs, 'a'))?.lastError).toBeUndefined();
  });

  it.each([
    ['', 'is not JSON'],
    ['{"code": 0', 'is not JSON'],
    [exit.replace('1', '-1'), 'code'],
    [exit.replace('"host"', '"hast"'), 'hast'],
  ])('is refused where its file is damaged: %o', async (text, words) => {
    await writeFile(join(jobs, 'a.exit'), text);
    const reading = readOutcome(jobs, 'a');
    await expect(reading).rejects.toThrow(JobFileError);
    await expect(reading).rejects.toThrow(words);
    await expect(reading).rejects.toThrow(/; remove it, and start the task/);
  });

  it.each([
    [0, 'done'],
    [75, 'stopped'],
    [69, 'busy'],
    [1, 'failed'],
    [137, 'failed'],
  ])('follows from its exit code %d: %s', (code, state) => {
    expect(endState({ code })).toBe(state);
  });
});

const exit =
  '{"code":1,"signal":null,"at":"2026-01-31T10:00:00Z","host":"node-3","restarts":2}\n';

let jobs = '';

beforeEach(async () => {
  jobs = await mkdtemp(join(tmpdir(), 'outcome-'));
});
afterEach(async () => {
  await rm(jobs, { recursive: true });
});
