import { env, LogLevel } from '@huggingface/transformers';

/**
 * Lets transformers.js work without writing to the terminal: it would write the names in a file as they are. What it logs as
 * an error, it throws.
 */
export async function withoutLogs<T>(work: () => Promise<T>): Promise<T> {
  const before = env.logLevel;
  env.logLevel = LogLevel.NONE;
  try {
    return await work();
  } finally {
    env.logLevel = before;
  }
}
