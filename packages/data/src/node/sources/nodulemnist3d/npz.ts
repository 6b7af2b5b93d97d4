import { crc32 } from 'node:zlib';

import { FileFormatError, decodeNpy, type NdArray } from '@clip-lung/tensor';
import { unzipSync } from 'fflate';

import { InputError } from '../../../errors.js';
import { inflatedLimit, limits } from '../../../limits.js';
import { zipChecksum } from './zip-checksum.js';

/**
 * Reads one array of a `.npz` file, which is a zip of `.npy` files.
 *
 * @param name of the array, without `.npy`
 * @throws {@link InputError} for a file that is none, lacks the array, or holds a damaged, malformed or absurdly large one
 */
export function arrayOfNpz(
  bytes: Uint8Array,
  file: string,
  name: string,
): NdArray {
  const entry = `${name}.npy`;
  const names: string[] = [];
  let found: Uint8Array | undefined;
  try {
    found = unzipSync(bytes, {
      filter: (candidate) => {
        if (names.push(candidate.name) > limits.npzEntries) {
          throw new Error(`it has more than ${limits.npzEntries} entries`);
        }
        if (candidate.name !== entry) return false;
        if (names.indexOf(entry) < names.length - 1) {
          throw new Error(`"${entry}" is in it twice, expected once`);
        }
        const { size, originalSize } = candidate;
        const most = inflatedLimit(size, limits.npzBytes);
        if (size > bytes.length || originalSize > most) {
          throw new Error(
            `"${entry}" claims ${originalSize} bytes out of ${size}, expected at most ${most}`,
          );
        }
        return true;
      },
    })[entry];
  } catch (error) {
    throw new InputError(
      `${file}: cannot be read as a .npz file (${error instanceof Error ? error.message : String(error)})`,
      { cause: error },
    );
  }
  if (found === undefined) {
    throw new InputError(
      `${file}: has no array "${name}"; it has ${names.slice(0, 12).join(', ')}`,
    );
  }
  if (crc32(found) !== zipChecksum(bytes, entry)) {
    throw new InputError(
      `${file}: "${entry}" is damaged: its checksum is not the one in the file; download it again`,
    );
  }
  try {
    // Copied, as typed arrays start at a multiple of their element's size.
    return decodeNpy(found.slice(), `${file}/${entry}`);
  } catch (error) {
    if (!(error instanceof FileFormatError)) throw error;
    throw new InputError(error.message, { cause: error });
  }
}
