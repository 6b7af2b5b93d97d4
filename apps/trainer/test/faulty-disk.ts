import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/** What a disk refuses. */
export interface Fault {
  /** of which paths; a file is written under a temporary name, which has its own in it */
  readonly path: RegExp;
  /** `full` takes half of what is written; nothing on a `read-only` one can be changed */
  readonly kind: 'full' | 'read-only';
}

const real = { ...fs };

/** Makes the file system fail as a disk does that is full, or mounted for reading, until {@link mendDisk}. */
export function breakDisk({ path: wrong, kind }: Fault): void {
  const code = kind === 'full' ? 'ENOSPC' : 'EROFS';
  const failure = (syscall: string, path: unknown): Error =>
    Object.assign(new Error(`${code}: ${syscall} '${String(path)}'`), {
      ...{ code, syscall, path },
    });
  const isWrong = (path: unknown): boolean => wrong.test(String(path));
  fs.open = async (path, flags, mode) => {
    const isWriting = flags !== undefined && flags !== 'r';
    if (isWriting && kind === 'read-only' && isWrong(path)) {
      throw failure('open', path);
    }
    const handle = await real.open(path, flags, mode);
    return isWriting && isWrong(path) ? full(handle, path) : handle;
  };
  const full = (handle: FileHandle, path: unknown): FileHandle => {
    handle.writeFile = async (data) => {
      const bytes = Buffer.from(data as Uint8Array);
      await handle.write(bytes.subarray(0, bytes.length >> 1));
      throw failure('write', path);
    };
    return handle;
  };
  if (kind === 'read-only') {
    fs.rm = (path, options) =>
      isWrong(path)
        ? Promise.reject(failure('unlink', path))
        : real.rm(path, options);
    fs.rename = (from, to) =>
      isWrong(to)
        ? Promise.reject(failure('rename', to))
        : real.rename(from, to);
  }
  syncBuiltinESMExports();
}

export function mendDisk(): void {
  Object.assign(fs, real);
  syncBuiltinESMExports();
}
