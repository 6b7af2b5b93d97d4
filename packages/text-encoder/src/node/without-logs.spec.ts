import { env, LogLevel } from '@huggingface/transformers';
import { expect, it } from 'vitest';

import { withoutLogs } from './without-logs.js';

it('transformers.js logs nothing meanwhile, and then what it did before, also after an error', async () => {
  const before = env.logLevel;
  expect(await withoutLogs(() => Promise.resolve(env.logLevel))).toBe(
    LogLevel.NONE,
  );
  expect(env.logLevel).toBe(before);
  await expect(
    withoutLogs(() => Promise.reject(new Error('no'))),
  ).rejects.toThrow('no');
  expect(env.logLevel).toBe(before);
});
