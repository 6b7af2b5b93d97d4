import { ClipLungError } from '../error.js';
import { systemReason } from './system-reason.js';

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'you may not read it',
  EISDIR: 'that is a folder, expected a file',
  ENOENT: 'there is no such file',
  ENOTDIR: 'a file is in the place of one of its folders',
  EPERM: 'you may not read it',
};

/** A file that the system did not let be read. */
export class FileReadError extends ClipLungError {
  readonly code = 'file-read';

  constructor(
    readonly file: string,
    cause: unknown,
  ) {
    super(`${file}: cannot be read: ${systemReason(cause, reasons)}`, {
      cause,
    });
  }
}
