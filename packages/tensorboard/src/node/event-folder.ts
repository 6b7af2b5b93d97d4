import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import {
  FileReadError,
  isMissing,
  readWholeFile,
} from '@clip-lung/tensor/node';

import { decodeEvents } from '../decode-events.js';
import type { TensorBoardEvent } from '../event.js';

/** The names that TensorBoard looks for, with the second in which a file was begun. */
export const eventFileName = /^events\.out\.tfevents\.(\d+)\./;

/** The event files of a folder, in the order in which TensorBoard reads them; none where there is no folder. @throws `FileReadError` */
export async function eventFiles(folder: string): Promise<readonly string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => eventFileName.test(name))
      .sort((a, b) => (a < b ? -1 : 1))
      .map((name) => join(folder, name));
  } catch (error) {
    if (isMissing(error)) return [];
    throw new FileReadError(folder, error);
  }
}

/**
 * Reads the event files of a folder, each as far as it can be read: what a killed program leaves is cut off at its end.
 *
 * @throws `FileReadError`
 */
export async function readEventFolder(
  folder: string,
): Promise<readonly TensorBoardEvent[]> {
  const events: TensorBoardEvent[] = [];
  for (const file of await eventFiles(folder)) {
    const bytes = await readWholeFile(file);
    for (const event of decodeEvents(bytes).events) events.push(event);
  }
  return events;
}
