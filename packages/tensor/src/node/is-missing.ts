import { FileReadError } from './file-read-error.js';

/** Whether the file system says that there is no such file or folder. */
export function isMissing(error: unknown): boolean {
  if (error instanceof FileReadError) return isMissing(error.cause);
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'ENOENT' || error.code === 'ENOTDIR';
}
