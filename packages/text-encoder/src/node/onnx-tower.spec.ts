import { FileFormatError } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';

import { readOnnxTower } from './onnx-tower.js';

describe('readOnnxTower', () => {
  it('takes the right side of a product, turned', () => {
    const tensors = new Map(readOnnxTower(model([2, 1]), 'model.onnx'));
    const weight = tensors.get('text_model.fc.weight');
    expect(weight?.shape).toEqual([1, 2]);
    expect(weight?.data).toEqual(Float32Array.of(3, 4));
  });

  it('refuses a weight that is not a matrix, by its name and the file', () => {
    const read = (): unknown => readOnnxTower(model([2]), 'model.onnx');
    expect(read).toThrow(FileFormatError);
    expect(read).toThrow(
      'model.onnx: "onnx::MatMul_1", the weight "text_model.fc.weight", is [2], expected a matrix',
    );
  });

  it('passes over nodes that lack an operand', () => {
    const broken = model(
      [2, 1],
      [node('Cast', [], []), node('Add', ['y'], [])],
    );
    expect(readOnnxTower(broken, 'model.onnx').map(([name]) => name)).toEqual([
      'text_model.fc.weight',
      'text_model.fc.bias',
    ]);
  });
});

/** x · w + b, where w has the elements 3 and 4. */
function model(
  shape: readonly number[],
  more: readonly Uint8Array[] = [],
): Uint8Array {
  const right = 'onnx::MatMul_1';
  const bias = 'text_model.fc.bias';
  const graph = [
    ...more,
    node('MatMul', ['x', right], ['y']),
    node('Add', [bias, 'y'], ['z']),
  ].map((bytes) => field(1, bytes));
  const arrays = [array(right, shape, [3, 4]), array(bias, [1], [5])];
  const initializers = arrays.map((bytes) => field(5, bytes));
  return field(7, Buffer.concat([...graph, ...initializers]));
}

/** A field of a message of protobuf, of fewer than 16,384 bytes. */
function field(number: number, bytes: Uint8Array): Uint8Array {
  const length =
    bytes.length < 128
      ? [bytes.length]
      : [(bytes.length & 127) | 128, bytes.length >> 7];
  return Buffer.from([(number << 3) | 2, ...length, ...bytes]);
}

const text = (number: number, value: string): Uint8Array =>
  field(number, Buffer.from(value));

function node(
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
): Uint8Array {
  return Buffer.concat([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, operator),
  ]);
}

function array(
  name: string,
  shape: readonly number[],
  values: readonly number[],
): Uint8Array {
  const float32 = 1;
  return Buffer.concat([
    ...shape.map((length) => Buffer.from([1 << 3, length])),
    Buffer.from([2 << 3, float32]),
    text(8, name),
    field(9, Buffer.from(Float32Array.from(values).buffer)),
  ]);
}
