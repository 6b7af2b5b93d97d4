import { readFile } from 'node:fs/promises';

import { ClipLungError } from '../error.js';

/** What the system's codes mean to whoever has to do something about it. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: 'you may not read it',
  EIO: 'the disk or the network failed',
  EISDIR: 'that is a folder, expected a file',
  ELOOP: 'it is a link that leads to itself',
  EPERM: 'you may not read it',
  ERR_FS_FILE_TOO_LARGE:
    'it is larger than 2 GB, which is more than is read at once',
  ESTALE: 'the network file system has lost it',
};

/** A file that is there, and that the system did not let be read. */
export class FileReadError extends ClipLungError {
  readonly code = 'file-read';

  constructor(
    readonly file: string,
    cause: unknown,
  ) {
    const code =
      cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const reason = reasons[code];
    super(
      `${file}: cannot be read: ${
        reason === undefined
          ? cause instanceof Error
            ? cause.message
            : String(cause)
          : `${reason} (${code})`
      }`,
      { cause },
    );
  }
}

/** Whether the file system says that there is no such file or folder. */
export function isMissing(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'ENOENT' || error.code === 'ENOTDIR';
}

/**
 * The bytes of a file.
 *
 * @throws the file system's own error where there is none, which names the file; {@link FileReadError} for anything else,
 *   of which the system's errors name no file
 */
export async function readWholeFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw isMissing(error) ? error : new FileReadError(path, error);
  }
}
