import { readFile, stat } from 'node:fs/promises';

/** Far more than anybody writes by hand, and little enough to be read before anybody is asked. */
const mostBytes = 64 * 2 ** 20;

/** A source file. @throws `RangeError` for what is no file, a pipe or a device, or is too large for one of a plugin */
export async function readSource(path: string): Promise<Buffer> {
  const found = await stat(path);
  if (!found.isFile()) {
    throw new RangeError(`${path} is not a regular file`);
  }
  if (found.size > mostBytes) {
    throw new RangeError(
      `${path} has ${found.size} bytes, but a plugin's file may have at most ${mostBytes}`,
    );
  }
  return readFile(path);
}
