import { FileFormatError, fileLimits } from '@clip-lung/tensor';
import { towerLimits } from '../limits.js';

/** As much of an ONNX model's graph as it takes to find weights. */
export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxInitializer>;
}

export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface OnnxInitializer {
  /** `float32` or `float16`, or why the values cannot be read as such */
  readonly type: string;
  readonly shape: readonly number[];
  /** little-endian; a view into the file's */
  readonly bytes: Uint8Array;
}

/** A field of a protobuf message: a number, or the bytes of a text, a message or packed numbers. */
type Field = readonly [field: number, value: number | Uint8Array];

/** The numbers of the fields that are read, by message, as `onnx.proto` gives them. */
const model = { graph: 7 };
const graph = { node: 1, initializer: 5 };
const node = { input: 1, output: 2, operator: 4 };
const tensor = { dims: 1, type: 2, floats: 4, name: 8, raw: 9, location: 14 };
/** The data types of weights that can be read, by their numbers. */
const types: Readonly<Record<number, string>> = { 1: 'float32', 10: 'float16' };

/**
 * Reads the graph of an ONNX model.
 *
 * @param file the name that errors start with
 * @throws {@link FileFormatError} when the bytes are no protobuf message with a graph
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function readOnnxGraph(bytes: Uint8Array, file: string): OnnxGraph {
  const fields = (message: Uint8Array): Generator<Field> =>
    readFields(message, file);
  const nodes: OnnxNode[] = [];
  let parts = 0;
  const initializers = new Map<string, OnnxInitializer>();
  for (const [field, value] of fields(bytes)) {
    if (field !== model.graph || typeof value === 'number') continue;
    for (const [part, content] of fields(value)) {
      if (typeof content === 'number') continue;
      if (part === graph.node || part === graph.initializer) parts += 1;
      if (parts > 2 * towerLimits.graphParts) {
        throw new FileFormatError(
          file,
          `its graph has more than ${2 * towerLimits.graphParts} nodes and initializers`,
        );
      }
      if (part === graph.node) nodes.push(readNode(fields(content)));
      if (part === graph.initializer) {
        const { name, ...initializer } = readInitializer(fields(content), file);
        if (initializers.has(name)) {
          throw new FileFormatError(
            file,
            `has the initializer "${name}" twice, expected each name once`,
          );
        }
        initializers.set(name, initializer);
      }
    }
  }
  if (nodes.length === 0) {
    throw new FileFormatError(file, 'is not an ONNX model: it has no graph');
  }
  return { nodes, initializers };
}

const decoder = new TextDecoder();

function readNode(fields: Iterable<Field>): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  let operator = '';
  for (const [field, value] of fields) {
    if (typeof value === 'number') continue;
    if (field === node.input) inputs.push(decoder.decode(value));
    if (field === node.output) outputs.push(decoder.decode(value));
    if (field === node.operator) operator = decoder.decode(value);
  }
  return { operator, inputs, outputs };
}

function readInitializer(
  fields: Iterable<Field>,
  file: string,
): OnnxInitializer & { readonly name: string } {
  const shape: number[] = [];
  const addAxis = (length: number): void => {
    if (shape.push(length) <= fileLimits.axes) return;
    throw new FileFormatError(
      file,
      `an initializer has more than ${fileLimits.axes} axes`,
    );
  };
  let name = '';
  let type = 'of an unknown type';
  let bytes: Uint8Array = new Uint8Array();
  for (const [field, value] of fields) {
    if (typeof value === 'number') {
      if (field === tensor.dims) addAxis(value);
      if (field === tensor.type) {
        type = types[value] ?? `of ONNX data type ${value}`;
      }
      if (field === tensor.location && value !== 0) {
        type = 'kept in another file';
      }
      continue;
    }
    if (field === tensor.name) name = decoder.decode(value);
    if (field === tensor.dims) {
      for (const length of varints(value, file)) addAxis(length);
    }
    if (field === tensor.raw || field === tensor.floats) {
      bytes = value;
    }
  }
  return { name, type, shape, bytes };
}

/** The fields of one message, in the order of the file. */
function* readFields(message: Uint8Array, file: string): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    const { value, next } = readVarint(message, at, file);
    at = next;
    return value;
  };
  const take = (length: number): Uint8Array => {
    if (at + length > message.length) {
      throw new FileFormatError(
        file,
        `a field of ${length} bytes goes beyond the ${message.length} of its message: not an ONNX model, or one that was cut short`,
      );
    }
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const key = varint();
    const field = Math.floor(key / 8);
    switch (key % 8) {
      case 0:
        yield [field, varint()];
        break;
      case 1:
        take(8);
        break;
      case 2:
        yield [field, take(varint())];
        break;
      case 5:
        take(4);
        break;
      default:
        throw new FileFormatError(
          file,
          `byte ${at} of a message starts no protobuf field: not an ONNX model`,
        );
    }
  }
}

/** A variable-length number: seven bits a byte, the lowest first. Exact up to 2⁵³. */
function readVarint(
  bytes: Uint8Array,
  start: number,
  file: string,
): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let length = 0; length < 10; length++) {
    const byte = bytes[start + length];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * length);
    if (byte < 0x80) return { value, next: start + length + 1 };
  }
  throw new FileFormatError(file, 'a number is cut short: not an ONNX model');
}

function* varints(bytes: Uint8Array, file: string): Generator<number> {
  for (let at = 0; at < bytes.length; ) {
    const { value, next } = readVarint(bytes, at, file);
    yield value;
    at = next;
  }
}
