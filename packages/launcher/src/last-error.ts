import { open } from 'node:fs/promises';

import { FileReadError, isMissing } from '@clip-lung/tensor/node';

import { startMark } from './job-files.js';

/** Bytes of a log's end that are looked at, however long it is. */
const most = 64 * 1024;
/** Characters of a line that are told. */
const longestLine = 1000;

/**
 * What went wrong in the last start of a task, as its log has it: its last line that begins with `error: `, else its last line that
 * says anything. Of a long log the last 64 KB count.
 *
 * @throws `FileReadError`
 */
export async function lastError(log: string): Promise<string | undefined> {
  const text = await endOf(log);
  const lines = text
    // A progress line that is written over itself is read as its last state.
    .split('\n')
    .map((line) => line.trimEnd().split('\r').at(-1) ?? '');
  const started = lines.findLastIndex((line) => line.startsWith(startMark));
  const own = lines.slice(started + 1).filter((line) => line.trim() !== '');
  const line =
    own.findLast((found) => found.startsWith('error: ')) ?? own.at(-1);
  return line === undefined || line.length <= longestLine
    ? line
    : `${line.slice(0, longestLine)}…`;
}

async function endOf(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const start = Math.max(0, size - most);
      const { buffer, bytesRead } = await file.read(
        Buffer.alloc(Math.min(size, most)),
        { position: start },
      );
      const text = buffer.toString('utf8', 0, bytesRead);
      // What it starts with may be a part of a line.
      return start === 0 ? text : text.slice(text.indexOf('\n') + 1);
    } finally {
      await file.close();
    }
  } catch (error) {
    const own = new FileReadError(path, error);
    if (isMissing(own)) return '';
    throw own;
  }
}
