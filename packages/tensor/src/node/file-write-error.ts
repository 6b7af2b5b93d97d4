import { ClipLungError } from '../error.js';
import { systemReason } from './system-reason.js';

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'you may not write there',
  EDQUOT: 'your disk quota is used up',
  EEXIST: 'a file is in the place of its folder',
  EFBIG: 'the disk cannot hold a file that large; choose another',
  EINVAL: 'the disk does not support it; choose another',
  EISDIR: 'that is a folder, expected the name of a file',
  ENOENT: 'its folder cannot be made, or was removed in the meantime',
  ENOSPC: 'no space is left on the disk; free some, and run it again',
  ENOTDIR: 'a file is in the place of one of its folders',
  ENOTEMPTY: 'something is in the folder that was to be replaced; run it again',
  EPERM: 'you may not write there',
  EROFS:
    'the disk is mounted for reading only; make it writable, or choose another',
  EXDEV:
    'it is a mount point, or lies on another disk than its folder; choose a folder below it',
};

/** A file that the system did not let be written. Whatever was there before is there still. */
export class FileWriteError extends ClipLungError {
  readonly code = 'file-write';

  /** @param advice what else to do, after what the system's reason asks for */
  constructor(
    readonly file: string,
    cause: unknown,
    { advice }: { readonly advice?: string } = {},
  ) {
    super(
      `${file}: cannot be written: ${systemReason(cause, reasons)}${advice === undefined ? '' : `; ${advice}`}`,
      { cause },
    );
  }

  /** Whether nothing may be written there, as in an archive, rather than something having failed. */
  get isForbidden(): boolean {
    const { cause } = this;
    if (!(cause instanceof Error && 'code' in cause)) return false;
    return forbidden.has(cause.code);
  }
}

const forbidden = new Set<unknown>(['EACCES', 'EPERM', 'EROFS']);

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
