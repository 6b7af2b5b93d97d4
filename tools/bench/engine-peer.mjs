// One part of the engine's benchmark: prints its figures as JSON.
import { createRequire } from 'node:module';

const root = new URL('../../', import.meta.url);
const load = (path) => import(new URL(path, root).href);
const { onnxEngine } = await load('packages/engine/dist/index.js');
const { float32, RandomStream, scalar, sizeOf, leaves, treeOf, filled } =
  await load('packages/tensor/dist/index.js');
const tf = createRequire(new URL('packages/engine/package.json', root))(
  '@tensorflow/tfjs-core',
);
const { median, timeCalls } = await import('./timing.mjs');

const noise = (name, shape, size = 1) => {
  const random = new RandomStream(1, name);
  return float32(
    shape,
    Float32Array.from(
      { length: sizeOf(shape) },
      () => size * random.uniform(-1, 1),
    ),
  );
};

/** Median milliseconds of a function with its inputs. */
async function time(fn, { state = {}, inputs, frozen }, repeats = 10) {
  const engine = onnxEngine();
  const compiled = engine.compile(fn, { frozen });
  const kept = engine.state(state);
  const times = await timeCalls(() => compiled.run(kept, inputs), {
    repeats,
    warmup: 2,
  });
  await engine.dispose();
  return median(times);
}

/** A 12-layer causal transformer of width 512 over 32×60 tokens: forward, and the gradient of its input. */
async function tower() {
  const [width, heads, layers, batch, tokens] = [512, 8, 12, 32, 60];
  const linear = (name, inputs, outputs) => ({
    weight: noise(`${name}.weight`, [outputs, inputs], inputs ** -0.5),
    bias: noise(`${name}.bias`, [outputs], 0.1),
  });
  const frozen = treeOf(
    Array.from({ length: layers }, (_, i) => [
      ...leaves({
        qkv: linear(`${i}.qkv`, width, 3 * width),
        out: linear(`${i}.out`, width, width),
        fc: linear(`${i}.fc`, width, 4 * width),
        proj: linear(`${i}.proj`, 4 * width, width),
      }).map(([path, array]) => [`${i}.${path}`, array]),
    ]).flat(),
  );
  const mask = new Float32Array(tokens * tokens);
  for (let i = 0; i < tokens; i++)
    for (let j = i + 1; j < tokens; j++) mask[i * tokens + j] = -1e9;
  const dense = (x, { weight, bias }) =>
    tf.add(tf.matMul(x, weight, false, true), bias);
  const norm = tf.customGrad((x, save) => {
    const centred = tf.sub(x, tf.mean(x, 1, true));
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), 1e-5));
    const value = tf.mul(centred, scale);
    save([value, scale]);
    return {
      value,
      gradFunc: (dy, [normal, inverse]) =>
        tf.mul(
          inverse,
          tf.sub(
            tf.sub(dy, tf.mean(dy, 1, true)),
            tf.mul(normal, tf.mean(tf.mul(dy, normal), 1, true)),
          ),
        ),
    };
  });
  const split = (x) =>
    tf.transpose(
      tf.reshape(x, [batch, tokens, heads, width / heads]),
      [0, 2, 1, 3],
    );
  const forward = (input, weights) => {
    const seen = tf.tensor4d(mask, [1, 1, tokens, tokens]);
    let x = tf.reshape(input, [batch * tokens, width]);
    for (let i = 0; i < layers; i++) {
      const w = weights[i];
      const [q, k, v] = tf.split(dense(norm(x), w.qkv), 3, 1).map(split);
      const scores = tf.softmax(
        tf.add(
          tf.mul(tf.matMul(q, k, false, true), (width / heads) ** -0.5),
          seen,
        ),
      );
      const mixed = tf.reshape(
        tf.transpose(tf.matMul(scores, v), [0, 2, 1, 3]),
        [batch * tokens, width],
      );
      x = tf.add(x, dense(mixed, w.out));
      const h = dense(norm(x), w.fc);
      x = tf.add(x, dense(tf.mul(h, tf.sigmoid(tf.mul(h, 1.702))), w.proj));
    }
    return x;
  };
  const fn = ({ inputs, frozen: weights }) => {
    const { value, grad } = tf.valueAndGrad((x) => tf.sum(forward(x, weights)))(
      inputs.x,
    );
    return { outputs: { value, grad } };
  };
  return {
    '12 layers, forward + input gradient': await time(
      fn,
      { inputs: { x: noise('x', [batch, tokens, width]) }, frozen },
      7,
    ),
  };
}

/** ResNet-18 of the image encoder, batch 32: forward and the gradient of every weight. */
async function resnet() {
  const { resnet18 } = await load('packages/image-encoder/dist/index.js');
  return {
    'batch 32, forward + all gradients': await timeEncoder(resnet18(), 32, 8),
  };
}

/** The image encoder over volumes, as experiments/clip-lung-3d.ts has it, batch 8. */
async function volumes() {
  const { volumeResnet18 } = await load('packages/image-encoder/dist/index.js');
  const encoder = volumeResnet18({ width: 16 });
  return {
    'ResNet-18-3D, width 16, batch 8': await timeEncoder(encoder, 8, 5),
  };
}

/** Forward and the gradient of every weight. */
function timeEncoder(encoder, batch, repeats) {
  const { params, statistics } = encoder.init(new RandomStream(1, 'init'));
  const fn = ({ state, inputs }) => {
    const entries = leaves(state.params);
    const loss = (...weights) => {
      const named = treeOf(entries.map(([path], i) => [path, weights[i]]));
      const { features } = encoder.apply(named, state.statistics, inputs.x, {
        training: true,
      });
      return tf.sum(tf.square(features));
    };
    const { value, grads } = tf.valueAndGrads(loss)(
      entries.map(([, tensor]) => tensor),
    );
    // The gradients stay in the engine, as those of a training step do.
    return {
      outputs: { value },
      state: {
        gradients: treeOf(entries.map(([path], i) => [path, grads[i]])),
      },
    };
  };
  const state = { params, statistics, gradients: params };
  return time(
    fn,
    { state, inputs: { x: noise('x', [batch, 32, 32, 32]) } },
    repeats,
  );
}

/** Products and convolutions, forward; convolutions with both gradients, too. */
async function shapes() {
  const found = {};
  for (const [m, k, n] of [
    [1024, 1024, 1024],
    [1696, 512, 1536],
    [1696, 2048, 512],
  ]) {
    const inputs = { a: noise('a', [m, k]), b: noise('b', [k, n]) };
    found[`matMul ${m}×${k}×${n}`] = await time(
      ({ inputs: { a, b } }) => ({ outputs: { y: tf.matMul(a, b) } }),
      { inputs },
    );
  }
  for (const [channels, size] of [
    [64, 32],
    [128, 16],
    [256, 8],
    [512, 4],
  ]) {
    const inputs = {
      x: noise('x', [32, channels, size, size]),
      w: noise('w', [channels, channels, 3, 3]),
    };
    const conv = (x, w) =>
      tf.conv2d(
        tf.transpose(x, [0, 2, 3, 1]),
        tf.transpose(w, [2, 3, 1, 0]),
        1,
        1,
        'NHWC',
        1,
        'floor',
      );
    found[`conv ${channels}, ${size}×${size}, with gradients`] = await time(
      ({ inputs: { x, w } }) => {
        const grads = tf.grads((a, b) => tf.sum(tf.square(conv(a, b))))([x, w]);
        // Summed, so that writing results out is no part of the time.
        return { outputs: { dx: tf.sum(grads[0]), dw: tf.sum(grads[1]) } };
      },
      { inputs },
    );
  }
  return found;
}

/** From the call to the first result of the full training step, paper preset, with a tower of ViT-B/16's size. */
async function compile() {
  const {
    createModel,
    createOptimizer,
    initialState,
    resolveExperiment,
    trainingStep,
  } = await load('packages/model/dist/index.js');
  const { randomTower } = await load('packages/text-encoder/dist/index.js');
  const tower = randomTower({
    seed: 1,
    width: 512,
    layers: 12,
    heads: 8,
    embedding: 512,
  });
  const experiment = resolveExperiment({
    text: { use: 'random' },
    prompt: {
      use: 'channel-conditional',
      attributeTemplate: 'the nodule has a {attribute}.',
    },
  });
  const model = createModel(experiment, {
    classes: ['benign', 'unsure', 'malignant'],
    tower,
  });
  const optimizer = createOptimizer(experiment);
  const engine = onnxEngine();
  const state = engine.state(
    initialState(model, optimizer, new RandomStream(1, 'init')),
  );
  const step = engine.compile(trainingStep(model, optimizer), {
    frozen: model.frozen,
  });
  const inputs = {
    images: noise('images', [32, 32, 32, 32]),
    targets: filled([32, 3], 1 / 3),
    attributeWeights: filled([32, 8], 1 / 8),
    classCounts: filled([3], 1),
    learningRate: scalar(1e-3),
    averageDecay: scalar(0.9),
  };
  const started = performance.now();
  await step.run(state, inputs);
  const first = performance.now() - started;
  const [second] = await timeCalls(() => step.run(state, inputs), {
    repeats: 1,
    warmup: 0,
  });
  return {
    'seconds to compile the training step': (first - second) / 1000,
    'seconds of a step': second / 1000,
  };
}

/** What a call costs beyond its work. */
async function empty() {
  const inputs = { x: scalar(1) };
  const milliseconds = await time(
    ({ inputs: { x } }) => ({ outputs: { y: tf.add(x, 1) } }),
    { inputs },
    2000,
  );
  return { 'milliseconds of an empty call': milliseconds };
}

/** Resident memory over 2,000 steps of a small model, in MB. */
async function memory() {
  const engine = onnxEngine();
  const layers = {
    a: noise('a', [256, 256], 0.05),
    b: noise('b', [256, 256], 0.05),
  };
  const step = engine.compile(({ state, inputs }) => {
    const loss = (a, b) =>
      tf.mean(tf.square(tf.matMul(tf.relu(tf.matMul(inputs.x, a)), b)));
    const { value, grads } = tf.valueAndGrads(loss)([state.a, state.b]);
    return {
      outputs: { value },
      state: {
        a: tf.sub(state.a, tf.mul(grads[0], 0.1)),
        b: tf.sub(state.b, tf.mul(grads[1], 0.1)),
      },
    };
  });
  const state = engine.state(layers);
  const inputs = { x: noise('x', [64, 256]) };
  // What is held, not what happens to await the collector: the buffers of a collected array are freed on a later turn.
  const resident = async () => {
    const readings = [];
    for (let i = 0; i < 5; i++) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 50));
      readings.push(process.memoryUsage().rss / 2 ** 20);
    }
    return Math.min(...readings);
  };
  let early = 0;
  for (let i = 1; i <= 2000; i++) {
    await step.run(state, inputs);
    if (i === 100) early = await resident();
  }
  const late = await resident();
  return {
    'MB after step 100': early,
    'MB after step 2000': late,
    'growth, percent': (100 * (late - early)) / early,
  };
}

const parts = { tower, resnet, volumes, shapes, compile, empty, memory };
console.log(JSON.stringify(await parts[process.argv[2]]()));
