import { FileFormatError, float32, int32, ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import { exportOnnx } from './export-onnx.js';
import { openOnnx } from './open-onnx.js';

const bytes = exportOnnx(
  ({ inputs: { x } }: { inputs: { x: tf.Tensor } }) => ({
    outputs: { twice: tf.mul(x, 2), large: tf.greater(x, 1) },
  }),
  {
    inputs: { x: { shape: ['batch', 2] } },
    producer: { name: 'a test', version: '3' },
    metadata: { unit: 'HU', classes: '["é"]' },
  },
);
const file = 'some.onnx';

describe('an opened model', () => {
  it('says what it takes and gives, and what its file says of itself', async () => {
    const model = await openOnnx(bytes, { file });
    expect(model.inputs).toEqual([
      { name: 'x', dtype: 'float32', shape: ['batch', 2] },
    ]);
    expect(model.outputs).toEqual([
      { name: 'twice', dtype: 'float32', shape: ['batch', 2] },
      { name: 'large', dtype: 'bool', shape: ['batch', 2] },
    ]);
    expect(model.producer).toEqual({ name: 'a test', version: '3' });
    expect([...model.metadata]).toEqual([
      ['unit', 'HU'],
      ['classes', '["é"]'],
    ]);
    await model.release();
  });

  it('that says something of itself twice is refused', async () => {
    // The field 14 of a model, metadata_props: its key is 1, its value 2.
    const entry = Buffer.from('\x72\x0a\x0a\x04unit\x12\x02mm', 'latin1');
    await expect(
      openOnnx(Buffer.concat([bytes, entry]), { file }),
    ).rejects.toThrow(/^some\.onnx: the metadata has "unit" twice/);
  });

  it('runs', async () => {
    const model = await openOnnx(bytes, { file });
    const found = await model.run({ x: float32([1, 2], [3, 0]) });
    expect(found).toEqual({
      twice: float32([1, 2], [6, 0]),
      large: expect.objectContaining({
        dtype: 'bool',
        data: Uint8Array.of(1, 0),
      }) as unknown,
    });
    await model.release();
  });

  it('refuses inputs that do not fit, by name', async () => {
    const model = await openOnnx(bytes, { file });
    const wrong = [
      [{}, /some\.onnx: the input "x" is float32 \[batch, 2\], given nothing/],
      [{ x: float32([2], [1, 2]) }, /given float32 \[2\]/],
      [{ x: float32([1, 3], [1, 2, 3]) }, /given float32 \[1, 3\]/],
      [{ x: int32([1, 2], [1, 2]) }, /given int32 \[1, 2\]/],
    ] as const;
    for (const [inputs, problem] of wrong) {
      await expect(model.run(inputs)).rejects.toThrow(ShapeError);
      await expect(model.run(inputs)).rejects.toThrow(problem);
    }
    await model.release();
  });
});

it('what is no model is refused by its name', async () => {
  for (const junk of [
    new Uint8Array(0),
    new TextEncoder().encode('PK\x03\x04 something else'),
    bytes.slice(0, bytes.length / 2),
  ]) {
    await expect(openOnnx(junk, { file })).rejects.toThrow(FileFormatError);
    await expect(openOnnx(junk, { file })).rejects.toThrow(/^some\.onnx: /);
  }
});
