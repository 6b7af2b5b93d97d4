import { onnxEngine } from '@clip-lung/engine';
import { resnet18 } from '@clip-lung/image-encoder';
import { type Weights, windowedImages } from '@clip-lung/inference';
import { createModel, resolveExperiment } from '@clip-lung/model';
import { at, elementsOf, RandomStream } from '@clip-lung/tensor';
import { encodeText, randomTower } from '@clip-lung/text-encoder';
import type * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';

import { hu } from '../test/torch-fixture.js';
import { createAttributeScorer } from './attribute-scores.js';
import { ExplanationRequestError } from './errors.js';

const engine = onnxEngine({ threads: 1 });
afterAll(() => engine.dispose());

const classes = ['benign', 'unsure', 'malignant'];
const tower = randomTower({ seed: 1, width: 16, layers: 1 });
const image = { use: 'resnet18', width: 2, groups: 4 } as const;
const template = 'the nodule image has a {attribute}.';
const modelOf = (losses: readonly { readonly use: string }[]) =>
  createModel(
    resolveExperiment({
      image,
      text: { use: 'random' },
      prompt: {
        use: 'channel-conditional',
        attributes: 'fixed',
        attributeTemplate: template,
      },
      losses,
    }),
    { classes, tower },
  );

describe('scores of attributes', () => {
  it('are the mean cosines of a nodule’s groups with the texts, as the encoders give them alone', async () => {
    const model = modelOf([
      { use: 'cross-entropy' },
      { use: 'image-class' },
      { use: 'image-attribute' },
    ]);
    const weights = model.init(new RandomStream(3));
    const scorer = createAttributeScorer(engine, model, weights);
    const found = await scorer.score({ hu: hu(), fields: {} });
    await scorer.release();

    const encoder = resnet18({ width: 2, groups: 4, embedding: 64 });
    const compiled = engine.compile<
      Weights,
      { readonly hu: tf.Tensor },
      { readonly groups: tf.Tensor }
    >(({ state: { params, statistics }, inputs }) => {
      const { image } = params as { readonly image: Weights['params'] };
      const images = windowedImages(inputs.hu) as tf.Tensor4D;
      const options = { training: false };
      const { groups } = encoder.apply(image, statistics, images, options);
      return { outputs: { groups } };
    });
    const { groups } = await compiled.run(engine.state<Weights>(weights), {
      hu: hu(),
    });
    const values = elementsOf(groups, 'float32', 'groups');
    const texts = await encodeText(
      tower,
      model.attributes.map((name) =>
        template.replace(
          '{attribute}',
          name === 'internalStructure' ? 'internal structure' : name,
        ),
      ),
      { engine },
    );
    found.forEach((row, b) => {
      row.forEach((score, m) => {
        const text = texts.data.subarray(m * 64, (m + 1) * 64);
        let sum = 0;
        for (let t = 0; t < 4; t++) {
          text.forEach((value, d) => {
            sum += at(values, (b * 4 + t) * 64 + d) * value;
          });
        }
        expect(score).toBeCloseTo(sum / 4 / Math.hypot(...text), 5);
      });
      expect(row.length).toBe(8);
    });
    expect(found.length).toBe(2);
  });

  it('are refused of a model that compares no attributes', () => {
    const model = modelOf([{ use: 'cross-entropy' }, { use: 'image-class' }]);
    const weights = model.init(new RandomStream(3));
    const create = () => createAttributeScorer(engine, model, weights);
    expect(create).toThrow(ExplanationRequestError);
    expect(create).toThrow('none of the losses compares attributes');
  });
});
