import { cpuEngine, type Engine, onnxEngine } from '@clip-lung/engine';
import {
  elementsOf,
  float32,
  leaves,
  type NdArray,
  RandomStream,
  type Tree,
} from '@clip-lung/tensor';
import { encodeText, randomTower } from '@clip-lung/text-encoder';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';

import { promptLearners } from './modules/prompt-learners.js';
import { createTextBranch, type TextBranch } from './text-branch.js';

const cpu = cpuEngine();
const onnx = onnxEngine({ threads: 1 });
afterAll(() => onnx.dispose());

const tower = randomTower({ seed: 2, width: 16, embedding: 12, layers: 2 });
const classes = ['benign', 'unsure', 'malignant'];
const attributes = ['margin', 'internal structure'];
const [batch, contextLength, embedding] = [2, 3, 12];

/** As experiments start: `a nodule image` is the context of the classes, `the nodule is` that of the attributes. */
const branchOf = (
  prompt: Readonly<Record<string, unknown>> & { readonly use: string },
  trainTower = false,
): TextBranch =>
  createTextBranch({
    tower,
    prompt: promptLearners.resolve(prompt, 'prompt'),
    classes,
    attributes,
    contextLength,
    trainTower,
  });

const random = new RandomStream(1, 'groups');
const groups = float32(
  [batch, contextLength, embedding],
  Array.from({ length: batch * contextLength * embedding }, () =>
    random.uniform(-1, 1),
  ),
);

type Params = {
  readonly prompt: Tree<tf.Tensor>;
  readonly text: Tree<tf.Tensor>;
};

interface Found {
  readonly classes: NdArray;
  readonly attributes: NdArray;
  /** of Σ cos(i)·featureᵢ, by the parameter's path; without the groups where no feature depends on them */
  readonly slopes: ReadonlyMap<string, NdArray>;
}

async function run(branch: TextBranch, engine: Engine): Promise<Found> {
  const params = {
    prompt: branch.init(new RandomStream(3)),
    text: branch.trained,
  };
  const names = leaves<NdArray>(params).map(([path]) => path);
  const compiled = engine.compile<
    { readonly params: Params },
    { readonly groups: tf.Tensor3D },
    {
      readonly features: Readonly<Record<string, tf.Tensor>>;
      readonly slopes: Tree<tf.Tensor>;
    },
    Tree<tf.Tensor>
  >(
    ({ state, inputs, frozen }) => {
      const features = { ...branch.apply(state.params, frozen, inputs.groups) };
      if (names.length === 0) return { outputs: { features, slopes: {} } };
      const waves = (x: tf.Tensor): tf.Tensor =>
        tf.sum(
          tf.mul(x, tf.cos(tf.reshape(tf.range(0, x.size), [...x.shape]))),
        );
      const slopes = tf.grads((...all: tf.Tensor[]) => {
        const at = (prefix: string): Record<string, tf.Tensor> =>
          Object.fromEntries(
            names.flatMap((name, place) =>
              name.startsWith(prefix)
                ? [[name.slice(prefix.length), all[place] as tf.Tensor]]
                : [],
            ),
          );
        const found = branch.apply(
          { prompt: at('prompt.'), text: at('text.') },
          frozen,
          inputs.groups,
        );
        return tf.add(
          waves(found.classes),
          waves(found.attributes as tf.Tensor),
        );
      })(leaves<tf.Tensor>(state.params).map(([, tensor]) => tensor));
      return {
        outputs: {
          features,
          slopes: Object.fromEntries(names.map((name, i) => [name, slopes[i]])),
        } as never,
      };
    },
    { frozen: branch.frozen },
  );
  const { features, slopes } = await compiled.run(
    engine.state<{ readonly params: Params }>({ params }),
    {
      groups,
    },
  );
  await compiled.release();
  return {
    classes: features['classes'] as NdArray,
    attributes: features['attributes'] as NdArray,
    slopes: new Map(leaves<NdArray>(slopes)),
  };
}

/** The largest difference as a part of the largest expected value. */
function distance(actual: ArrayLike<number>, expected: ArrayLike<number>) {
  expect(actual.length).toBe(expected.length);
  const all = Array.from(expected);
  const most = Math.max(...all.map(Math.abs));
  return Math.max(...all.map((x, i) => Math.abs(x - Number(actual[i])))) / most;
}

const floats = (array: NdArray): Float32Array =>
  elementsOf(array, 'float32', 'the array');

/** Normalised features of texts as they are. */
async function featuresOf(texts: readonly string[]): Promise<number[]> {
  const { data } = await encodeText(tower, texts, { engine: cpu });
  return texts.flatMap((_, row) => {
    const own = [...data.subarray(row * embedding, (row + 1) * embedding)];
    return own.map((value) => value / Math.hypot(...own));
  });
}

const fill = (template: string, names: readonly string[]): string[] =>
  names.map((name) => template.replace('{}', name));

describe('a text branch', () => {
  it.each([
    ['shared', 'end', 'a nodule image of {}.', 'the nodule is {}.'],
    ['shared', 'middle', 'a {} nodule image of.', 'the {} nodule is.'],
    ['shared', 'front', '{} a nodule image of.', '{} the nodule is.'],
    ['class-specific', 'end', 'a nodule image of {}.', 'the nodule is {}.'],
    ['class-specific', 'middle', 'a {} nodule image of.', 'the {} nodule is.'],
    ['class-specific', 'front', '{} a nodule image of.', '{} the nodule is.'],
  ])(
    'with %s contexts and names at the %s starts from its words',
    async (contexts, classPosition, ofClasses, ofAttributes) => {
      const found = await run(
        branchOf({ use: 'coop', contexts, classPosition }),
        cpu,
      );
      expect(found.classes.shape).toEqual([1, 3, embedding]);
      const expected = await featuresOf(fill(ofClasses, classes));
      expect(distance(floats(found.classes), expected)).toBeLessThan(1e-5);
      // One shared context starts from the words of the classes' template; a context of their own from those of theirs.
      const attributeTexts = fill(
        contexts === 'shared'
          ? ofAttributes
              .replace('the nodule is', 'a nodule image')
              .replace('the {} nodule is', 'a {} nodule image')
          : ofAttributes,
        attributes,
      );
      expect(
        distance(floats(found.attributes), await featuresOf(attributeTexts)),
      ).toBeLessThan(1e-5);
    },
  );

  it.each([
    ['channel-conditional', batch],
    ['cocoop', batch],
    ['coop', 1],
    ['fixed', 1],
  ])(
    'with %s prompts and fixed attributes gives all nodules the template’s own words',
    async (use, nodules) => {
      const branch = branchOf({ use, attributes: 'fixed' });
      const found = await run(branch, onnx);
      expect(found.classes.shape[0]).toBe(nodules);
      expect(found.attributes.shape).toEqual([1, 2, embedding]);
      const expected = await featuresOf(fill('the nodule is {}.', attributes));
      expect(distance(floats(found.attributes), expected)).toBeLessThan(1e-5);
    },
  );

  it('has no context for attributes that keep their words', () => {
    const names = (kind: string): string[] =>
      Object.keys(
        branchOf({
          use: 'coop',
          contexts: 'class-specific',
          attributes: kind,
        }).init(new RandomStream(1)),
      );
    expect(names('conditioned')).toEqual(['ctx', 'attribute_ctx']);
    expect(names('fixed')).toEqual(['ctx']);
  });

  it('learns all of a tower but the token embedding, when told to', () => {
    const names = (tree: Tree<NdArray>): string[] =>
      leaves(tree).map(([name]) => name);
    const [frozen, learned] = [false, true].map((train) =>
      branchOf({ use: 'coop', attributes: 'fixed' }, train),
    ) as [TextBranch, TextBranch];
    expect(names(frozen.trained)).toEqual([]);
    expect(names(learned.trained)).toEqual(
      names(tower.weights).filter((name) => !name.includes('token_embedding')),
    );
    expect(names(learned.frozen)).toEqual([
      ...['tokens.shared', 'tokens.own'],
      ...['attributes.shared', 'attributes.own'],
    ]);
  });

  it.each([
    { use: 'channel-conditional', attributes: 'fixed' },
    { use: 'coop', contexts: 'class-specific' },
    { use: 'coop', contexts: 'class-specific', classPosition: 'front' },
    { use: 'coop', classPosition: 'middle' },
  ])(
    '%j, traced with a learned tower, has the gradients of tfjs',
    async (prompt) => {
      const branch = branchOf(prompt, true);
      const [expected, found] = [
        await run(branch, cpu),
        await run(branch, onnx),
      ];
      expect(
        distance(floats(found.classes), floats(expected.classes)),
      ).toBeLessThan(1e-5);
      expect(expected.slopes.size).toBeGreaterThan(16 * 2 + 4);
      for (const [name, slope] of expected.slopes) {
        const own = found.slopes.get(name);
        // A constant added to all keys changes no softmax: that gradient is 0 but for rounding.
        if (name.endsWith('k_proj.bias')) continue;
        expect(Math.max(...floats(slope).map(Math.abs)), name).toBeGreaterThan(
          0,
        );
        expect(
          distance(floats(own as NdArray), floats(slope)),
          name,
        ).toBeLessThan(1e-4);
      }
    },
  );
});
