import { createHash } from 'node:crypto';

import { FileFormatError, float32, int32, ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import { ExportError } from '../../errors.js';
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
      ['sha256', expect.stringMatching(/^[0-9a-f]{64}$/)],
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

/** One with a weight of float32, where most of an exported model's bytes are. */
const weighted = exportOnnx(
  ({
    inputs: { x },
    frozen: { w },
  }: {
    inputs: { x: tf.Tensor };
    frozen: { w: tf.Tensor };
  }) => ({ outputs: { y: tf.matMul(x, w as tf.Tensor2D) } }),
  {
    inputs: { x: { shape: ['batch', 8] } },
    frozen: {
      w: float32(
        [8, 8],
        Array.from({ length: 64 }, (_, i) => i),
      ),
    },
  },
);

describe('the digest of a model', () => {
  it('is of the whole file, with zeros for its own digits', () => {
    const text = Buffer.from(weighted).toString('latin1');
    const at = text.lastIndexOf('sha256') + 'sha256'.length + 2;
    const digits = text.slice(at, at + 64);
    const zeros = text.slice(0, at) + '0'.repeat(64) + text.slice(at + 64);
    const digest = createHash('sha256').update(zeros, 'latin1').digest('hex');
    expect(digits).toBe(digest);
  });

  it('finds every flipped bit and every cut, or leaves the model without one', async () => {
    for (let i = 0; i < weighted.length; i++) {
      const flipped = Uint8Array.from(weighted);
      flipped[i] = (flipped[i] ?? 0) ^ (1 << i % 8);
      for (const damaged of [flipped, weighted.subarray(0, i)]) {
        const open = await openOnnx(damaged, { file }).catch(
          (error: unknown) => error,
        );
        if (open instanceof FileFormatError) continue;
        // What is left is a model of somebody else: whoever needs a digest sees that there is none.
        expect(open).toHaveProperty('metadata');
        const model = open as Awaited<ReturnType<typeof openOnnx>>;
        expect(model.metadata.has('sha256')).toBe(false);
        await model.release();
      }
    }
  });

  it('has a name that no other entry may have', () => {
    expect(() =>
      exportOnnx(
        ({ inputs: { x } }: { inputs: { x: tf.Tensor } }) => ({
          outputs: { y: tf.neg(x) },
        }),
        { inputs: { x: { shape: [2] } }, metadata: { sha256: 'mine' } },
      ),
    ).toThrow(ExportError);
  });
});

it('what ONNX Runtime fails to run is an error of the file', async () => {
  const model = await openOnnx(
    exportOnnx(
      ({ inputs: { x, i } }: { inputs: { x: tf.Tensor; i: tf.Tensor } }) => ({
        outputs: { y: tf.gather(x, i as tf.Tensor1D) },
      }),
      { inputs: { x: { shape: [2] }, i: { shape: [1], dtype: 'int32' } } },
    ),
    { file },
  );
  const failed = model.run({ x: float32([2], [1, 2]), i: int32([1], [9]) });
  await expect(failed).rejects.toThrow(FileFormatError);
  await expect(failed).rejects.toThrow(
    /^some\.onnx: ONNX Runtime failed to run it: .*out of/s,
  );
  await model.release();
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
