import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  elementsOf,
  type DType,
  float32,
  leaves,
  NdArray,
  RandomStream,
  sizeOf,
  type Tree,
  type TypedArrays,
} from '@clip-lung/tensor';
import { readSafetensors, writeSafetensors } from '@clip-lung/tensor/node';
import * as tf from '@tensorflow/tfjs-core';
import * as ortNode from 'onnxruntime-node';
import * as ortWeb from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { cpuEngine } from '../../cpu-engine.js';
import type { TensorTree } from '../../engine.js';
import { ExportError, TraceError } from '../../errors.js';
import { type ExportedInput, exportOnnx } from './export-onnx.js';

// Threads of WebAssembly need a page that is isolated, or a worker: one is enough here.
ortWeb.env.wasm.numThreads = 1;

const random = new RandomStream(3, 'export');
const weights = (...shape: number[]): NdArray<'float32'> =>
  float32(
    shape,
    Array.from({ length: sizeOf(shape) }, () => random.normal()),
  );

type Given = {
  inputs: Record<string, tf.Tensor>;
  frozen: Record<string, tf.Tensor>;
};
type Fn = (given: Given) => { outputs: TensorTree };

interface Model {
  readonly fn: Fn;
  readonly inputs: Record<string, ExportedInput>;
  readonly frozen: Record<string, NdArray>;
}

const at = (given: Record<string, tf.Tensor>, name: string): tf.Tensor => {
  const found = given[name];
  if (found === undefined) throw new Error(name);
  return found;
};

/** Every way in which a batch size finds its way into a graph. */
const models: Record<string, Model> = {
  linear: {
    fn: ({ inputs, frozen }) => ({
      outputs: {
        probabilities: tf.softmax(
          tf.add(
            tf.matMul(at(inputs, 'x'), at(frozen, 'w'), false, true),
            at(frozen, 'b'),
          ),
        ),
      },
    }),
    inputs: { x: { shape: ['batch', 5] } },
    frozen: { w: weights(3, 5), b: weights(3) },
  },
  convolutions: {
    fn: ({ inputs, frozen }) => {
      const images = tf.transpose(at(inputs, 'images'), [0, 2, 3, 1]);
      const filter = tf.transpose(at(frozen, 'conv'), [2, 3, 1, 0]);
      const seen = tf.relu(
        tf.conv2d(images as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'),
      );
      const pooled = tf.avgPool(seen, 2, 2, 'valid');
      const [batch] = pooled.shape;
      const flat = tf.reshape(tf.transpose(pooled, [0, 3, 1, 2]), [batch, -1]);
      return {
        outputs: {
          maps: tf.transpose(pooled, [0, 3, 1, 2]),
          logits: tf.matMul(flat, at(frozen, 'w')),
        },
      };
    },
    inputs: { images: { shape: ['batch', 3, 8, 8] } },
    frozen: { conv: weights(4, 3, 3, 3), w: weights(64, 2) },
  },
  volumes: {
    fn: ({ inputs, frozen }) => {
      const volumes = tf.expandDims<tf.Tensor5D>(at(inputs, 'crops'), -1);
      const filter = tf.transpose(at(frozen, 'conv'), [2, 3, 4, 1, 0]);
      const seen = tf.relu(
        tf.conv3d(volumes, filter as tf.Tensor5D, [2, 1, 1], 'same'),
      );
      return {
        outputs: {
          greatest: tf.maxPool3d(seen, [1, 2, 2], 2, 'same'),
          means: tf.avgPool3d(seen, 3, 2, 1),
          maps: tf.mean(seen, 1),
        },
      };
    },
    inputs: { crops: { shape: ['batch', 4, 5, 6] } },
    frozen: { conv: weights(3, 1, 3, 3, 2) },
  },
  attention: {
    fn: ({ inputs, frozen }) => {
      const x = at(inputs, 'x');
      const [batch = 0, length = 0, width = 0] = x.shape;
      const token = tf.tile(at(frozen, 'token'), [batch, 1, 1]);
      const all = tf.concat([token, x], 1);
      const heads = (y: tf.Tensor): tf.Tensor =>
        tf.transpose(
          tf.reshape(y, [batch, length + 1, 2, width / 2]),
          [0, 2, 1, 3],
        );
      const scores = tf.matMul(heads(all), heads(all), false, true);
      const mixed = tf.matMul(tf.softmax(scores), heads(all));
      const ones = tf.ones([batch, 1]);
      return {
        outputs: {
          first: {
            row: tf.slice(mixed, [0, 0, 0, 0], [batch, 2, 1, width / 2]),
          },
          rows: tf.reshape(mixed, [batch * 2, -1]),
          sums: tf.concat([ones, tf.sum(mixed, [1, 2])], 1),
        },
      };
    },
    inputs: { x: { shape: ['batch', 3, 4] } },
    frozen: { token: weights(1, 1, 4) },
  },
  words: {
    fn: ({ inputs, frozen }) => {
      const ids = at(inputs, 'ids');
      const known = tf.greater(ids, tf.scalar(0, 'int32'));
      return {
        outputs: {
          known,
          next: tf.add(ids, tf.scalar(1, 'int32')),
          sum: tf.sum(tf.gather(at(frozen, 'table'), ids as tf.Tensor2D), 1),
        },
      };
    },
    inputs: { ids: { shape: ['batch', 4], dtype: 'int32' } },
    frozen: { table: weights(7, 2) },
  },
  // The input's name is one that a node would have, and the output is the input.
  fixed: {
    fn: ({ inputs }) => {
      const x = at(inputs, 'Add_1');
      return { outputs: { same: x, more: tf.add(tf.add(x, 1), 2) } };
    },
    inputs: { Add_1: { shape: [2, 2] } },
    frozen: {},
  },
};

function exported(name: string): Uint8Array {
  const { fn, inputs, frozen } = models[name] as Model;
  return exportOnnx(fn, {
    name,
    inputs,
    frozen,
    producer: { name: 'a test', version: '1.2' },
    metadata: { classes: '["a","é"]', note: '' },
  });
}

function feedsOf(
  inputs: Record<string, ExportedInput>,
  batch: number,
): Record<string, NdArray> {
  return Object.fromEntries(
    Object.entries(inputs).map(
      ([name, { shape, dtype }]): [string, NdArray] => {
        const lengths = shape.map((n) => (n === 'batch' ? batch : n));
        if (dtype !== 'int32') return [name, weights(...lengths)];
        const ids = Int32Array.from({ length: sizeOf(lengths) }, () =>
          random.integer(7),
        );
        return [name, new NdArray('int32', lengths, ids)];
      },
    ),
  );
}

/** By tfjs-cpu, by the names that the model gives its outputs. */
async function expected(
  { fn, frozen }: Model,
  feeds: Record<string, NdArray>,
): Promise<Map<string, NdArray>> {
  const engine = cpuEngine();
  const compiled = engine.compile(fn as never, { frozen });
  const outputs = await compiled.run(engine.state({}), feeds);
  await engine.dispose();
  return new Map(
    leaves<NdArray>(outputs as Tree<NdArray>).map(
      ([path, array]) => [path.replaceAll('.', '_'), array] as const,
    ),
  );
}

/** The parts of ONNX Runtime that are the same in Node and in WebAssembly. */
interface Runtime {
  readonly InferenceSession: {
    create(bytes: Uint8Array): Promise<ortNode.InferenceSession>;
  };
  readonly Tensor: typeof ortNode.Tensor;
}

async function runWith(
  { InferenceSession, Tensor }: Runtime,
  bytes: Uint8Array,
  feeds: Record<string, NdArray>,
): Promise<Map<string, NdArray>> {
  const session = await InferenceSession.create(bytes);
  const tensors = Object.entries(feeds).map(([name, array]) => [
    name,
    array.is('int32')
      ? new Tensor('int32', array.data, array.shape)
      : new Tensor('float32', elementsOf(array, 'float32', name), array.shape),
  ]);
  const outputs = await session.run(
    Object.fromEntries(tensors) as Record<string, ortNode.Tensor>,
  );
  const arrays = session.outputNames.map((name) => {
    const { type, dims, data } = outputs[name] as ortNode.Tensor;
    return [
      name,
      new NdArray(type as DType, dims, data as TypedArrays[DType]),
    ] as const;
  });
  await session.release();
  return new Map(arrays);
}

function expectSame(
  found: ReadonlyMap<string, NdArray>,
  wanted: ReadonlyMap<string, NdArray>,
): void {
  expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort());
  for (const [name, { dtype, shape, data }] of wanted) {
    const own = found.get(name);
    expect([name, own?.dtype, own?.shape]).toEqual([name, dtype, shape]);
    // Two float32 sums of at most 64 products, in different orders.
    const numbers = Array.from(data as ArrayLike<number>, Number);
    const largest = Math.max(1, ...numbers.map(Math.abs));
    const errors = numbers.map((x, i) => Math.abs(Number(own?.data[i]) - x));
    const bound = dtype === 'float32' ? 2e-6 * largest : 0;
    expect(Math.max(...errors), name).toBeLessThanOrEqual(bound);
  }
}

const batches = [1, 3, 67];

describe.each(Object.keys(models))('the exported model "%s"', (name) => {
  const model = models[name] as Model;
  const bytes = exported(name);
  const sizes = name === 'fixed' ? [2] : batches;

  it.each([
    ['onnxruntime-node', ortNode as Runtime],
    ['onnxruntime-web', ortWeb as unknown as Runtime],
  ])('gives the numbers of tfjs in %s, for each batch size', async (_, ort) => {
    for (const batch of sizes) {
      const feeds = feedsOf(model.inputs, batch);
      const wanted = await expected(model, feeds);
      expectSame(await runWith(ort, bytes, feeds), wanted);
    }
  });
});

const script = fileURLToPath(
  new URL('../../../../../tools/reference/engine.py', import.meta.url),
);
const python = findPython();
const title = 'onnx.checker and ONNX Runtime for Python';
describe.skipIf(python === undefined)(
  python === undefined
    ? `${title}: no Python with onnx, onnxruntime and safetensors; tools/reference/setup.sh installs one`
    : title,
  () => {
    let folder = '';
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'export-'));
    });
    afterAll(() => rm(folder, { recursive: true }));

    it('accept every model, describe it as it was exported, and give the numbers of tfjs', async () => {
      const wanted = new Map<string, Map<string, NdArray>>();
      for (const [name, model] of Object.entries(models)) {
        const feeds = feedsOf(model.inputs, name === 'fixed' ? 2 : 3);
        wanted.set(name, await expected(model, feeds));
        await writeFile(join(folder, `${name}.onnx`), exported(name));
        await writeSafetensors(
          join(folder, `${name}.inputs.safetensors`),
          Object.entries(feeds),
        );
      }
      const text = execFileSync(python ?? '', [script, folder], {
        encoding: 'utf8',
      });
      const said = JSON.parse(text) as Record<string, Record<string, unknown>>;
      expect(said['attention']).toEqual({
        producer: ['a test', '1.2'],
        graph: 'attention',
        metadata: { classes: '["a","é"]', note: '' },
        inputs: { x: ['batch', 3, 4] },
        outputs: {
          first_row: ['batch', 2, 1, 2],
          rows: ['2 * batch', 8],
          sums: ['batch', 3],
        },
      });
      expect(said['fixed']).toMatchObject({
        inputs: { Add_1: [2, 2] },
        outputs: { same: [2, 2], more: [2, 2] },
      });
      for (const [name, outputs] of wanted) {
        const file = join(folder, `${name}.python.safetensors`);
        expectSame((await readSafetensors(file)).tensors, outputs);
      }
    });
  },
);

describe('what cannot be exported', () => {
  const x: ExportedInput = { shape: ['batch', 2] };
  const write =
    (fn: Fn, inputs: Record<string, ExportedInput> = { x }) =>
    () =>
      exportOnnx(fn, { inputs });

  it('a function that reads a value, or changes a state', () => {
    expect(
      write(({ inputs }) => ({
        outputs: { y: tf.scalar(at(inputs, 'x').dataSync()[0] ?? 0) },
      })),
    ).toThrow(TraceError);
  });

  it('names that ONNX does not allow, or that fall together', () => {
    const same: Fn = ({ inputs }) => ({ outputs: { ...inputs } });
    expect(write(same, { 'a:b': x })).toThrow(
      /"a:b" cannot name an input or output/,
    );
    expect(write(same)).toThrow(/two .* would be called "x"/);
    const both: Fn = ({ inputs }) => ({
      outputs: { a: { b: at(inputs, 'x') }, a_b: at(inputs, 'x') },
    });
    expect(write(both)).toThrow(ExportError);
    expect(write(both)).toThrow(/"a_b"/);
  });

  it('for any batch, a function of which constants depend on the batch size', () => {
    const counted: Fn = ({ inputs }) => {
      const given = at(inputs, 'x');
      return { outputs: { y: tf.mul(given, 1 / given.shape[0]) } };
    };
    expect(write(counted, { x: { shape: [3, 2] } })).not.toThrow();
    // A number for each row.
    const numbered: Fn = ({ inputs }) => {
      const given = at(inputs, 'x');
      const [rows = 0] = given.shape;
      return {
        outputs: { y: tf.add(given, tf.reshape(tf.range(0, rows), [rows, 1])) },
      };
    };
    expect(write(numbered)).toThrow(/depend on the batch size/);
    expect(write(counted)).toThrow(/batch size/);
  });

  it('for any batch, a function that does something else with a large one', () => {
    const chosen: Fn = ({ inputs }) => {
      const given = at(inputs, 'x');
      return {
        outputs: {
          y: given.shape[0] > 100 ? tf.relu(given) : tf.abs(given),
        },
      };
    };
    expect(write(chosen)).toThrow(
      /a different form for a different batch size/,
    );
  });

  it('more than 2 GB of parameters', () => {
    // Never touched, so it takes no memory.
    const data = new Float32Array(2 ** 29);
    const w = new NdArray('float32', [2 ** 28, 2], data);
    expect(() =>
      exportOnnx(
        ({ inputs, frozen }: Given) => ({
          outputs: {
            y: tf.matMul(at(inputs, 'x'), at(frozen, 'w'), false, true),
          },
        }),
        { inputs: { x }, frozen: { w } },
      ),
    ).toThrow(/take 2\.1 GB, and a single ONNX file holds at most 2 GB/);
  });
});

function findPython(): string | undefined {
  const own = fileURLToPath(
    new URL('../../../../../tools/reference/.venv/bin/python', import.meta.url),
  );
  return [process.env['CLIP_LUNG_PYTHON'], own]
    .filter((path) => path !== undefined && existsSync(path))
    .find(
      (path) =>
        spawnSync(path ?? '', ['-c', 'import onnx, onnxruntime, safetensors'])
          .status === 0,
    );
}
