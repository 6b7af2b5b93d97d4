import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';

import { FileWriteError } from '@clip-lung/tensor/node';

import { encodeEvent } from '../encode-event.js';
import { fileVersion, type TensorBoardEvent } from '../event.js';
import { eventFileName, eventFiles } from './event-folder.js';

/** An event file that is written to: only its end ever changes. */
export interface EventFile {
  readonly file: string;
  /**
   * Adds events, in one write: a process that is killed loses no event of an earlier call. What a full disk takes only in part
   * is taken back, so that later events can be read.
   *
   * @throws `FileWriteError`; `ShapeError` for an event that cannot be written
   */
  write(events: readonly TensorBoardEvent[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Begins an event file, and the folder where there is none. Its name comes after those of the files that are there, whatever
 * the clock says, for TensorBoard reads them in the order of their names.
 *
 * @throws `FileWriteError`
 */
export async function createEventFile(folder: string): Promise<EventFile> {
  const seconds = Math.max(
    Math.floor(Date.now() / 1000),
    ...(await eventFiles(folder)).map((file) => secondOf(file) + 1),
  );
  const host = hostname().replaceAll(/[^\w.-]/g, '_');
  const name = `events.out.tfevents.${String(seconds).padStart(10, '0')}.${host}.${process.pid}.0`;
  const file = join(folder, name);
  const handle = await orFileError(file, async () => {
    await mkdir(folder, { recursive: true });
    return open(file, 'ax');
  });
  const begun = appender(file, handle);
  try {
    await begun.write([
      {
        kind: 'file-version',
        version: fileVersion,
        wallTime: Date.now() / 1000,
        step: 0,
      },
    ]);
  } catch (error) {
    await begun.close();
    throw error;
  }
  return begun;
}

function appender(file: string, handle: FileHandle): EventFile {
  let whole = 0;
  return {
    file,
    async write(events) {
      const bytes = Buffer.concat(events.map(encodeEvent));
      try {
        await orFileError(file, () => handle.appendFile(bytes));
      } catch (error) {
        await handle.truncate(whole).catch(() => undefined);
        throw error;
      }
      whole += bytes.length;
    },
    close: () => handle.close(),
  };
}

function secondOf(file: string): number {
  return Number(eventFileName.exec(basename(file))?.[1] ?? 0);
}

async function orFileError<T>(
  file: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new FileWriteError(file, error);
  }
}
