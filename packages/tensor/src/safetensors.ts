import { FileFormatError, ShapeError } from './error.js';
import { widenHalf } from './half.js';
import { fileLimits } from './limits.js';
import {
  arrayFromBytes,
  type DType,
  NdArray,
  sizeOf,
  typedArrayOf,
} from './nd-array.js';
import { parseJsonText } from './parse-json.js';

/** Arrays by name, and the header's free-form text values. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, NdArray>;
  readonly metadata: Readonly<Record<string, string>>;
}

const names = {
  float32: 'F32',
  float64: 'F64',
  int8: 'I8',
  uint8: 'U8',
  int16: 'I16',
  uint16: 'U16',
  int32: 'I32',
  uint32: 'U32',
  int64: 'I64',
  uint64: 'U64',
  bool: 'BOOL',
} as const satisfies Record<DType, string>;

const dtypes = new Map<string, DType>(
  Object.entries(names).map(([dtype, name]) => [name, dtype as DType]),
);

/** @see https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md, "The Pointer" */
const lfsMark = 'version https://git-lfs.github.com/spec/';

/** @throws {@link FileFormatError} for what Git LFS leaves in the place of a large file that was not fetched */
export function expectNoLfsPointer(bytes: Uint8Array, file: string): void {
  const start = new TextDecoder().decode(bytes.subarray(0, lfsMark.length));
  if (start !== lfsMark) return;
  throw new FileFormatError(
    file,
    'is not the file itself, but what Git keeps in its place (Git LFS): run "git lfs pull" where it was cloned, or download the file',
  );
}

/**
 * The bytes of a `.safetensors` file: an 8-byte little-endian header length, a JSON header padded with spaces to
 * a multiple of 8, and the arrays without gaps, in order of name.
 *
 * @see https://github.com/huggingface/safetensors#format
 */
export function encodeSafetensors(
  tensors: Iterable<readonly [name: string, array: NdArray]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  // Wide elements first, so that each array is aligned to its element size.
  const entries = [...tensors].sort(
    ([nameA, a], [nameB, b]) =>
      b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT ||
      (nameA < nameB ? -1 : 1),
  );
  // Without a prototype, so that no name (`valueOf`, `__proto__`) is special.
  const header = Object.create(null) as Record<string, unknown>;
  if (Object.keys(metadata).length > 0) header['__metadata__'] = metadata;
  let offset = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    if (name === '' || name === '__metadata__' || name in header) {
      throw new ShapeError(
        `"${name}" cannot name a tensor: it is empty, reserved, or given twice`,
      );
    }
    const end = offset + data.byteLength;
    header[name] = { dtype: names[dtype], shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, 8, 8 + headerBytes).set(json, 8);
  let at = 8 + headerBytes;
  for (const [, { data }] of entries) {
    bytes.set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      at,
    );
    at += data.byteLength;
  }
  return bytes;
}

/** bfloat16 is the upper half of a float32. */
function widenBfloat(bits: Uint16Array): Float32Array {
  const wide = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) wide[i] = Number(bits[i]) << 16;
  return new Float32Array(wide.buffer);
}

const widened = new Map([
  ['F16', widenHalf],
  ['BF16', widenBfloat],
]);

interface Entry {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0)
  );
}

/**
 * Reads the bytes of a `.safetensors` file, strictly: the header must describe every byte of the file exactly once.
 * F16 and BF16 arrays are widened to float32. Aligned arrays are views into `bytes`, not copies.
 *
 * @param file the name that errors start with
 * @throws {@link FileFormatError} for anything else than a valid file
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  file: string,
): Safetensors {
  const refuse = (problem: string): never => {
    throw new FileFormatError(file, problem);
  };
  if (bytes.length < 8) {
    refuse(`holds ${bytes.length} bytes, a .safetensors file has at least 8`);
  }
  expectNoLfsPointer(bytes, file);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  const most = fileLimits.safetensorsHeaderBytes;
  if (headerBytes <= bytes.length - 8 && headerBytes > most) {
    refuse(`the header has ${headerBytes} bytes, expected at most ${most}`);
  }
  if (headerBytes > bytes.length - 8) {
    refuse(
      `the header claims ${headerBytes} bytes, ${bytes.length - 8} follow: not a .safetensors file, or one that was cut short`,
    );
  }
  const header = parseHeader(bytes.subarray(8, 8 + headerBytes), refuse);
  const body = bytes.subarray(8 + headerBytes);
  const { entries, metadata } = readEntries(header, refuse);
  if (entries.length > fileLimits.arrays) {
    refuse(
      `holds ${entries.length} tensors, expected at most ${fileLimits.arrays}`,
    );
  }

  let covered = 0;
  for (const entry of [...entries].sort(
    (a, b) => a.begin - b.begin || a.end - b.end,
  )) {
    if (entry.begin !== covered) {
      refuse(
        `tensor "${entry.name}" starts at byte ${entry.begin} of the data, expected ${covered}: tensors must follow each other without gap or overlap`,
      );
    }
    covered = entry.end;
  }
  if (covered !== body.length) {
    refuse(
      `the tensors take ${covered} bytes, the file has ${body.length}: it was cut short or has bytes that belong to no tensor`,
    );
  }
  return {
    tensors: new Map(
      entries.map((entry) => [entry.name, readTensor(entry, body, refuse)]),
    ),
    metadata,
  };
}

type Refuse = (problem: string) => never;

function parseHeader(
  json: Uint8Array,
  refuse: Refuse,
): Readonly<Record<string, unknown>> {
  let header: unknown;
  try {
    header = parseJsonText(
      new TextDecoder('utf-8', { fatal: true }).decode(json),
    );
  } catch (error) {
    return refuse(`the header is not JSON (${String(error)})`);
  }
  return isRecord(header) ? header : refuse('the header is not a JSON object');
}

function readEntries(
  header: Readonly<Record<string, unknown>>,
  refuse: Refuse,
): { entries: Entry[]; metadata: Record<string, string> } {
  const entries: Entry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    if (!isRecord(value))
      return refuse(`the header's "${name}" is not an object`);
    if (name === '__metadata__') {
      if (Object.values(value).some((text) => typeof text !== 'string')) {
        return refuse('the metadata holds a value that is not a string');
      }
      metadata = value as Record<string, string>;
      continue;
    }
    const { dtype, shape, data_offsets: offsets } = value;
    if (typeof dtype !== 'string' || !isSizes(shape) || !isSizes(offsets)) {
      return refuse(`tensor "${name}" lacks a dtype, a shape or data_offsets`);
    }
    if (shape.length > fileLimits.axes) {
      return refuse(
        `tensor "${name}" has ${shape.length} axes, expected at most ${fileLimits.axes}`,
      );
    }
    const [begin, end] = offsets;
    if (begin === undefined || end === undefined || offsets.length !== 2) {
      return refuse(
        `tensor "${name}" has ${offsets.length} data_offsets, expected 2`,
      );
    }
    entries.push({ name, type: dtype, shape, begin, end });
  }
  return { entries, metadata };
}

function readTensor(
  { name, type, shape, begin, end }: Entry,
  body: Uint8Array,
  refuse: Refuse,
): NdArray {
  const widen = widened.get(type);
  const dtype = widen === undefined ? dtypes.get(type) : 'uint16';
  if (dtype === undefined) {
    return refuse(
      `tensor "${name}" has the type ${type}; known: ${[...dtypes.keys(), ...widened.keys()].join(', ')}`,
    );
  }
  const width = typedArrayOf[dtype].BYTES_PER_ELEMENT;
  const size = sizeOf(shape);
  if (end - begin !== size * width) {
    return refuse(
      `tensor "${name}" of type ${type} and shape [${shape.join(', ')}] takes ${size * width} bytes, its data_offsets span ${end - begin}`,
    );
  }
  const array = arrayFromBytes(dtype, shape, body.subarray(begin, end));
  return widen !== undefined && array.is('uint16')
    ? new NdArray('float32', shape, widen(array.data))
    : array;
}
