import {
  arrayFromBytes,
  FileFormatError,
  formatShape,
  NdArray,
  sizeOf,
  widenHalf,
} from '@clip-lung/tensor';
import { projectionName } from '../tower.js';
import { transposed } from '../transposed.js';
import {
  type OnnxGraph,
  type OnnxInitializer,
  readOnnxGraph,
} from './onnx-file.js';

/**
 * The weights of a text tower out of `onnx/text_model.onnx`, under the names of the PyTorch model that it was exported
 * from.
 *
 * The export keeps the names of embeddings, normalisations and biases. The weight of a `Linear` became the transposed,
 * anonymous right side of a MatMul; it is known by the bias that is added to the product, and the text projection,
 * which has no bias, by the output `text_embeds`.
 *
 * @param bytes the file's content, of which the arrays are views: it is changed, and good for nothing else afterwards
 * @param file  the name that errors start with
 * @throws {@link FileFormatError} when the bytes are no ONNX model, or its weights are quantised or in another file
 */
export function readOnnxTower(
  bytes: Uint8Array,
  file: string,
): readonly (readonly [name: string, array: NdArray<'float32'>])[] {
  const graph = readOnnxGraph(bytes, file);
  const integer = graph.nodes.find(({ operator }) => quantised.test(operator));
  if (integer !== undefined) {
    throw new FileFormatError(
      file,
      `is quantised (it has the operator ${integer.operator}), so the tower's weights cannot be recovered exactly: use the unquantised text_model.onnx, or model.safetensors`,
    );
  }
  const names = weightNames(graph);
  const tensors: (readonly [string, NdArray<'float32'>])[] = [];
  // One for all: large arrays that are soon thrown away make the collector of garbage go over everything, each time.
  let room = new Float32Array();
  for (const [name, initializer] of graph.initializers) {
    const weight = names.get(name);
    if (weight === undefined && !name.startsWith('text_model.')) continue;
    const array = readArray(name, initializer, file);
    if (weight === undefined) {
      tensors.push([name, array]);
    } else {
      if (array.shape.length !== 2) {
        throw new FileFormatError(
          file,
          `"${name}", the weight "${weight}", is ${formatShape(array.shape)}, expected a matrix`,
        );
      }
      if (room.length < array.data.length) {
        room = new Float32Array(array.data.length);
      }
      const upright = transposed(array, room);
      // Back to where it was, so that the tower needs no second file's worth of memory.
      array.data.set(upright.data);
      const { shape } = upright;
      tensors.push([weight, new NdArray('float32', shape, array.data)]);
    }
  }
  return tensors;
}

function readArray(
  name: string,
  { type, shape, bytes }: OnnxInitializer,
  file: string,
): NdArray<'float32'> {
  const half = type === 'float16';
  if (!half && type !== 'float32') {
    throw new FileFormatError(
      file,
      `"${name}" is ${type}, expected float32 or float16 stored in this file: use the unquantised text_model.onnx`,
    );
  }
  const expected = (half ? 2 : 4) * sizeOf(shape);
  if (bytes.length !== expected) {
    throw new FileFormatError(
      file,
      `"${name}" has ${bytes.length} bytes, its shape ${formatShape(shape)} takes ${expected}`,
    );
  }
  if (half) {
    const { data } = arrayFromBytes('uint16', shape, bytes);
    return new NdArray('float32', shape, widenHalf(data));
  }
  return arrayFromBytes('float32', shape, aligned(bytes));
}

/**
 * The same bytes at an address that float32 values may have. They are moved by up to three, over the field's own tag and
 * length and the end of what precedes them in the tensor, all of which has been read.
 */
function aligned(bytes: Uint8Array): Uint8Array {
  const { buffer, byteOffset, length } = bytes;
  const offset = byteOffset - (byteOffset % 4);
  const moved = new Uint8Array(buffer, offset, length);
  if (offset !== byteOffset) moved.set(bytes);
  return moved;
}

/** Operators that only quantised models have. */
const quantised =
  /^(MatMulInteger|DynamicQuantize|QLinear|QuantizeLinear|DequantizeLinear|MatMulNBits|MatMulBnb4|QGemm|QAttention)/;

/** From the anonymous right sides of MatMuls to the names of the weights that they are. */
function weightNames({
  nodes,
  initializers,
}: OnnxGraph): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  // Exports in half precision cast their outputs back.
  const sourceOf = new Map(
    nodes
      .filter(({ operator }) => operator === 'Cast')
      .flatMap(({ inputs: [from], outputs: [to] }) =>
        from === undefined || to === undefined ? [] : [[to, from] as const],
      ),
  );
  const features = sourceOf.get('text_embeds') ?? 'text_embeds';
  const rightSideOf = new Map<string, string>();
  for (const { operator, inputs, outputs } of nodes) {
    const [left, right] = inputs;
    const [output] = outputs;
    if (left === undefined || right === undefined || output === undefined) {
      continue;
    }
    if (operator === 'MatMul' && initializers.has(right)) {
      rightSideOf.set(output, right);
      if (output === features) names.set(right, projectionName);
    }
    if (operator !== 'Add') continue;
    for (const [bias, product] of [
      [left, right],
      [right, left],
    ] as const) {
      const weight = rightSideOf.get(product);
      if (weight !== undefined && bias.endsWith('.bias')) {
        names.set(weight, bias.replace(/bias$/, 'weight'));
      }
    }
  }
  return names;
}
