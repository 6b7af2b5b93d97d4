import { ClipLungError } from '../error.js';

/** What the system's codes mean to whoever has to do something about it. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: 'you may not write there',
  EDQUOT: 'your quota of the disk is used up',
  EEXIST: 'a file is in the place of its folder',
  EIO: 'the disk or the network failed',
  EISDIR: 'that is a folder, expected the name of a file',
  ENOENT: 'the folder cannot be made',
  ENOSPC: 'no space is left on the disk; free some, and run it again',
  ENOTEMPTY: 'a folder with other files is in its place',
  ENOTDIR: 'a file is in the place of one of its folders',
  EPERM: 'you may not write there',
  EROFS: 'the disk is mounted for reading only',
  EXDEV:
    'a part of it lies on another disk (a mount, or a layer of a container); write into a folder of one disk',
};

/** A file that the system did not let be written. Whatever was there before is there still. */
export class FileWriteError extends ClipLungError {
  readonly code = 'file-write';

  constructor(
    readonly file: string,
    cause: unknown,
  ) {
    const code =
      cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const reason = reasons[code];
    super(
      `${file}: cannot be written: ${
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

/** System calls that change what is on a disk. */
const writing = new Set([
  'fsync',
  'mkdir',
  'rename',
  'rmdir',
  'write',
  'writev',
]);
/** What can only be wrong with a file that is written. */
const ofWriting = new Set(['EDQUOT', 'ENOSPC', 'EROFS']);

/**
 * An error of the system in writing something as a {@link FileWriteError}; any other as it is.
 *
 * @param file what is named where the error names no file
 */
export function asFileWriteError(file: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { syscall, code, path } = error as NodeJS.ErrnoException;
  const isWriting =
    (syscall !== undefined && writing.has(syscall)) ||
    (code !== undefined && ofWriting.has(code));
  return isWriting ? new FileWriteError(path ?? file, error) : error;
}
