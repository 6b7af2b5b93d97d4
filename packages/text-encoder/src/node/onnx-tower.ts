import {
  arrayFromBytes,
  FileFormatError,
  formatShape,
  NdArray,
  sizeOf,
} from '@clip-lung/tensor';
import { projectionName } from '../tower.js';
import { type OnnxGraph, readOnnxGraph } from './onnx-file.js';

/**
 * The weights of a text tower out of `onnx/text_model.onnx`, under the names of the PyTorch model that it was exported
 * from.
 *
 * The export keeps the names of embeddings, normalisations and biases. The weight of a `Linear` became the transposed,
 * anonymous right side of a MatMul; it is known by the bias that is added to the product, and the text projection,
 * which has no bias, by the output `text_embeds`.
 *
 * @param file the name that errors start with
 * @throws {@link FileFormatError} when the bytes are no ONNX model, or its weights are not float32 in the file itself
 */
export function readOnnxTower(
  bytes: Uint8Array,
  file: string,
): readonly (readonly [name: string, array: NdArray<'float32'>])[] {
  const graph = readOnnxGraph(bytes, file);
  const names = weightNames(graph);
  const tensors: (readonly [string, NdArray<'float32'>])[] = [];
  for (const [name, initializer] of graph.initializers) {
    const weight = names.get(name);
    if (weight === undefined && !name.startsWith('text_model.')) continue;
    if (initializer.type !== 'float32') {
      throw new FileFormatError(
        file,
        `"${name}" is ${initializer.type}, expected float32 stored in this file: use the unquantised text_model.onnx`,
      );
    }
    const { shape, bytes: values } = initializer;
    if (values.length !== 4 * sizeOf(shape)) {
      throw new FileFormatError(
        file,
        `"${name}" has ${values.length} bytes, its shape ${formatShape(shape)} takes ${4 * sizeOf(shape)}`,
      );
    }
    const array = arrayFromBytes('float32', shape, values);
    tensors.push(
      weight === undefined ? [name, array] : [weight, transpose(array)],
    );
  }
  return tensors;
}

/** From the anonymous right sides of MatMuls to the names of the weights that they are. */
function weightNames({
  nodes,
  initializers,
}: OnnxGraph): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const rightSideOf = new Map<string, string>();
  for (const { operator, inputs, outputs } of nodes) {
    const [left = '', right = ''] = inputs;
    const [output = ''] = outputs;
    if (operator === 'MatMul' && initializers.has(right)) {
      rightSideOf.set(output, right);
      if (output === 'text_embeds') names.set(right, projectionName);
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

function transpose({ shape, data }: NdArray<'float32'>): NdArray<'float32'> {
  const [rows = 0, columns = 0] = shape;
  const turned = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      turned[column * rows + row] = data[row * columns + column] ?? NaN;
    }
  }
  return new NdArray('float32', [columns, rows], turned);
}
