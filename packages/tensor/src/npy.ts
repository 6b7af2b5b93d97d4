import { at } from './at.js';
import { FileFormatError, ShapeError } from './error.js';
import { fileLimits } from './limits.js';
import { arrayFromBytes, type DType, type NdArray } from './nd-array.js';

const codes = {
  float32: '<f4',
  float64: '<f8',
  int8: '|i1',
  uint8: '|u1',
  int16: '<i2',
  uint16: '<u2',
  int32: '<i4',
  uint32: '<u4',
  int64: '<i8',
  uint64: '<u8',
  bool: '|b1',
} as const satisfies Record<DType, string>;

const dtypes = new Map<string, DType>(
  Object.entries(codes).map(([dtype, code]) => [code, dtype as DType]),
);

const magic = '\x93NUMPY';

/**
 * The header of a `.npy` file, format 1.0, C order, padded so that the data starts at a multiple of 64 bytes.
 *
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function encodeNpyHeader(
  dtype: DType,
  shape: readonly number[],
): Uint8Array {
  const tuple = shape.length === 1 ? `${at(shape, 0)},` : shape.join(', ');
  const text = `{'descr': '${codes[dtype]}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const header = Uint8Array.from(
    magic + '\x01\x00\x00\x00' + text.padEnd(length - 11) + '\n',
    (char) => char.charCodeAt(0),
  );
  new DataView(header.buffer).setUint16(8, length - 10, true);
  return header;
}

/** The bytes of a `.npy` file. */
export function encodeNpy(array: NdArray): Uint8Array {
  const header = encodeNpyHeader(array.dtype, array.shape);
  const { buffer, byteOffset, byteLength } = array.data;
  const bytes = new Uint8Array(header.length + byteLength);
  bytes.set(header);
  bytes.set(new Uint8Array(buffer, byteOffset, byteLength), header.length);
  return bytes;
}

/** What a `.npy` header says: the array's type and shape, and the byte at which its data starts. */
interface NpyHeader {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly dataOffset: number;
}

/**
 * Reads the header from the first bytes of a `.npy` file (formats 1.0 to 3.0).
 *
 * @param file the name that errors start with
 * @throws {@link FileFormatError} for another format, a big-endian, structured or object type, or Fortran order
 */
function decodeNpyHeader(bytes: Uint8Array, file: string): NpyHeader {
  const refuse = (problem: string): never => {
    throw new FileFormatError(file, problem);
  };
  const start = String.fromCharCode(...bytes.subarray(0, 6));
  if (start !== magic || bytes.length < 12) refuse('is not a .npy file');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint8(6);
  if (version < 1 || version > 3) {
    refuse(`is a .npy file of format ${version}, expected 1, 2 or 3`);
  }
  const textOffset = version === 1 ? 10 : 12;
  const dataOffset =
    textOffset +
    (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (dataOffset > fileLimits.npyHeaderBytes) {
    refuse(
      `the header claims ${dataOffset} bytes, expected at most ${fileLimits.npyHeaderBytes}`,
    );
  }
  if (dataOffset > bytes.length) {
    refuse(
      `the header ends at byte ${dataOffset}, the file has ${bytes.length}`,
    );
  }
  const text = new TextDecoder().decode(bytes.subarray(textOffset, dataOffset));
  const descr = /'descr':\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const tuple = /'shape':\s*\(([\d,\s]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || tuple === undefined) {
    return refuse(`the header is not understood: ${text.trim().slice(0, 200)}`);
  }
  if (order === 'True') {
    refuse('is in Fortran order, expected C order (numpy.ascontiguousarray)');
  }
  const dtype = dtypes.get(descr.replace(/^[=|](?=[a-z][248])/, '<'));
  if (dtype === undefined) {
    return refuse(
      `holds elements of type ${descr}; known: ${[...dtypes.keys()].join(', ')}`,
    );
  }
  const shape = tuple
    .split(',')
    .map((length) => length.trim())
    .filter((length) => length !== '')
    .map(Number);
  if (shape.length > fileLimits.axes || !shape.every(Number.isSafeInteger)) {
    refuse(
      `its shape is (${tuple.slice(0, 80)}), expected at most ${fileLimits.axes} whole numbers`,
    );
  }
  return { dtype, shape, dataOffset };
}

/**
 * Reads the bytes of a `.npy` file.
 *
 * @throws {@link FileFormatError} when the header is damaged, claims too much or names a type of elements that is not read,
 *   and when the data is shorter or longer than the shape says
 */
export function decodeNpy(bytes: Uint8Array, file: string): NdArray {
  const { dtype, shape, dataOffset } = decodeNpyHeader(bytes, file);
  try {
    return arrayFromBytes(dtype, shape, bytes.subarray(dataOffset));
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new FileFormatError(
      file,
      `${error.message}: the file was cut short, or has bytes after the array`,
      { cause: error },
    );
  }
}
