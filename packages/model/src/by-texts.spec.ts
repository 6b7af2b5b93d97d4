import {
  cpuEngine,
  type Engine,
  type Hosted,
  onnxEngine,
} from '@clip-lung/engine';
import { resnet18 } from '@clip-lung/image-encoder';
import {
  elementsOf,
  leaves,
  type NdArray,
  softmax,
  type Tree,
  treeOf,
} from '@clip-lung/tensor';
import { zeroShotClassifier } from '@clip-lung/text-encoder';
import type * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  type Fixture,
  readFixture,
  row,
  startOf,
  stored,
  told,
  towerOf,
  voxels,
} from '../test/pytorch-fixture.js';
import { createModel, type Model, type ModelParams } from './model.js';
import type { PresetName } from './presets.js';
import { resolveExperiment } from './resolve-experiment.js';

const classes = ['benign', 'unsure', 'malignant'];
const learners = ['channel-conditional', 'cocoop', 'coop', 'fixed'] as const;
type Learner = (typeof learners)[number];

const engines = { cpu: cpuEngine(), onnx: onnxEngine({ threads: 2 }) };
afterAll(() => engines.onnx.dispose());

let start: Fixture;
let expected: Fixture['tensors'];
beforeAll(async () => {
  start = await readFixture('start');
  expected = (await readFixture('by-texts')).tensors;
});

type Tensors = Tree<tf.Tensor>;
type Given = { readonly params: Tensors; readonly statistics: Tensors };

function modelWith(use: Learner, preset: PresetName = 'paper'): Model {
  const experiment = resolveExperiment({
    preset,
    image: { use: 'resnet18', width: told(start, 'sizes').width, groups: 4 },
    text: { use: 'random' },
    prompt: { use },
  });
  return createModel(experiment, { classes, tower: towerOf(start) });
}

/** The parameters of the fixture that a kind of prompt has: a fixed one learns nothing, CoOp the context alone. */
function paramsOf(use: Learner, preset: PresetName): Hosted<Given> {
  const { params, statistics } = startOf(start, preset);
  const isOwn = (path: string): boolean => {
    if (!path.startsWith('prompt.') || use === 'cocoop') return true;
    if (use === 'coop') return path === 'prompt.ctx';
    return use === 'channel-conditional';
  };
  const own = leaves<NdArray<'float32'>>(params).filter(([path]) =>
    isOwn(path),
  );
  return { params: treeOf(own), statistics };
}

const crops = (): NdArray<'float32'> =>
  voxels(row(stored(start.tensors, 'crops'), 0));

/** Both logits of the first batch of the fixture, [B, K]. */
async function logitsOf(
  use: Learner,
  engine: Engine,
  preset: PresetName = 'paper',
): Promise<Readonly<Record<'head' | 'texts', Float32Array>>> {
  const model = modelWith(use, preset);
  const compiled = engine.compile<
    Given,
    { readonly images: tf.Tensor },
    { readonly head: tf.Tensor; readonly texts: tf.Tensor },
    Tensors
  >(
    ({ state, inputs: { images }, frozen }) => {
      const params = state.params as unknown as ModelParams;
      const given = [params, state.statistics, images] as const;
      const texts = model.predictByTexts?.(...given, frozen);
      if (texts === undefined) throw new Error('the model has no texts');
      return { outputs: { head: model.predict(...given), texts } };
    },
    { frozen: model.frozen },
  );
  const { head, texts } = await compiled.run(
    engine.state<Given>(paramsOf(use, preset)),
    { images: crops() },
  );
  await compiled.release();
  return {
    head: elementsOf(head, 'float32', 'head'),
    texts: elementsOf(texts, 'float32', 'texts'),
  };
}

/** What the image encoder sees in the same batch, [B, T, D]. */
async function groupsOf(engine: Engine): Promise<NdArray<'float32'>> {
  const { width } = told(start, 'sizes');
  const encoder = resnet18({ width, groups: 4, embedding: 64 });
  const compiled = engine.compile<
    Given,
    { readonly images: tf.Tensor4D },
    { readonly groups: tf.Tensor }
  >(({ state: { params, statistics }, inputs: { images } }) => {
    const { image = {} } = params as Record<string, Tensors>;
    const options = { training: false };
    const { groups } = encoder.apply(image, statistics, images, options);
    return { outputs: { groups } };
  });
  const { groups } = await compiled.run(
    engine.state<Given>(paramsOf('fixed', 'paper')),
    { images: crops() },
  );
  await compiled.release();
  return groups as NdArray<'float32'>;
}

/** Rows of K values. */
const rowsOf = (values: Float32Array): readonly Float32Array[] =>
  Array.from({ length: values.length / classes.length }, (_, i) =>
    values.subarray(i * classes.length, (i + 1) * classes.length),
  );

function expectClose(
  found: Float32Array,
  wanted: Float32Array,
  tolerance: number,
): void {
  expect(found).toHaveLength(wanted.length);
  const errors = wanted.map((value, i) => Math.abs(value - (found[i] ?? NaN)));
  expect(Math.max(...errors)).toBeLessThan(tolerance);
}

describe('classification by texts', () => {
  it.each(
    learners.flatMap((use) => [
      { use, engine: 'cpu' as const },
      { use, engine: 'onnx' as const },
    ]),
  )('with $use prompts is that of PyTorch, on $engine', async (given) => {
    const { head, texts } = await logitsOf(given.use, engines[given.engine]);
    // float32 against float64. Kinds of prompts and nodules differ by at least a hundred times more.
    expectClose(texts, row(stored(expected, given.use), 0).data, 2e-5);
    // Of the order of 10.
    expectClose(head, row(stored(expected, 'head'), 0).data, 1e-4);
  });

  it('runs a tower that was learnt with its learnt weights', async () => {
    const found = await logitsOf(
      'channel-conditional',
      engines.onnx,
      'published-code',
    );
    const wanted = row(stored(expected, 'channel-conditional'), 0).data;
    expectClose(found.texts, wanted, 2e-5);
  });

  it('with a fixed template is CLIP’s zero-shot classifier', async () => {
    const { classify } = await zeroShotClassifier(towerOf(start), {
      engine: engines.onnx,
      templates: ['a nodule image of {class} .'],
      classes,
      scale: Math.exp(stored(start.tensors, 'logit_scale').data[0] ?? NaN),
    });
    const { texts } = await logitsOf('fixed', engines.onnx);
    expectClose(
      Float32Array.from(rowsOf(texts).flatMap(softmax)),
      classify(await groupsOf(engines.onnx)).data,
      1e-6,
    );
  });

  it('is not there for a model without text', () => {
    const experiment = resolveExperiment({
      image: { use: 'resnet18', width: 2, groups: 4, embedding: 64 },
      losses: [{ use: 'cross-entropy' }],
    });
    const model = createModel(experiment, { classes, tower: null });
    expect(model.predictByTexts).toBeUndefined();
  });
});
