import { expect, it } from 'vitest';

import { readOnnxGraph } from './onnx-file.js';

/** A field of a protobuf message that holds bytes. */
const field = (number: number, ...content: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.of((number << 3) | 2, body.length), body]);
};

const text = (value: string): Buffer => Buffer.from(value);
const node = field(1, field(4, text('MatMul')));
const initializer = (name: string, value: number): Buffer =>
  field(5, field(8, text(name)), field(9, Buffer.of(value)));

it('a graph with an initializer twice is refused: one of the two weights would be lost', () => {
  const two = field(7, node, initializer('a', 1), initializer('b', 2));
  const { initializers } = readOnnxGraph(two, 'a.onnx');
  expect([...initializers.values()].map(({ bytes }) => [...bytes])).toEqual([
    [1],
    [2],
  ]);
  const twice = field(7, node, initializer('a', 1), initializer('a', 2));
  expect(() => readOnnxGraph(twice, 'a.onnx')).toThrow(
    /^a\.onnx: has the initializer "a" twice/,
  );
});
