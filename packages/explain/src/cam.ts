import type { CompiledFunction, Engine, Results } from '@clip-lung/engine';
import { type Weights, windowedImages } from '@clip-lung/inference';
import type { Model, ModelLayer, ModelParams } from '@clip-lung/model';
import {
  at,
  elementsOf,
  filled,
  float32,
  type NdArray,
  sizeOf,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import {
  type CamRule,
  gradCam,
  gradCamPlusPlus,
} from './class-activation-maps.js';
import { ExplanationRequestError } from './errors.js';
import type { Explainer } from './explainer.js';
import { foldView } from './fold-view.js';
import type { HeatMap } from './heat-map.js';
import { resample } from './resample.js';

/** The ways to weigh a layer's maps. */
export const camRules = {
  'grad-cam': gradCam,
  'grad-cam++': gradCamPlusPlus,
} as const satisfies Record<string, CamRule>;

export type CamMethod = keyof typeof camRules;

type Inputs = { readonly hu: tf.Tensor; readonly targets: tf.Tensor };
type Outputs = { readonly logits: tf.Tensor; readonly maps: tf.Tensor };

export interface CamOptions {
  readonly method: CamMethod;
  /** one of `model.layers`; by default the last inside the encoder, or the feature maps where it shows none */
  readonly layer?: string | undefined;
}

/**
 * Makes Grad-CAM, or Grad-CAM++, of a layer ready: in evaluation mode, by running statistics, of the logit of a class.
 *
 * @throws {@link ExplanationRequestError} for a layer that the model does not have
 */
export function createCam(
  engine: Engine,
  model: Model,
  { method, layer: name }: CamOptions,
): Explainer {
  const layer = layerOf(model, name);
  const compiled: CompiledFunction<Weights, Inputs, Outputs> = engine.compile(
    camFunction(model, layer.name, camRules[method]),
    { name: `${method} of ${layer.name}` },
  );
  return {
    name: `${method} of ${layer.name}`,
    async explain(weights, { hu, classes }) {
      const K = model.classes.length;
      const targets = filled([classes.length, K]);
      classes.forEach((index, i) => {
        at(model.classes, index, 'classes');
        targets.data[i * K + index] = 1;
      });
      const { logits, maps } = await compiled.run(
        engine.state<Weights>(weights),
        {
          hu,
          targets,
        },
      );
      const values = elementsOf(logits, 'float32', 'the logits');
      const heat = elementsOf(maps, 'float32', 'the maps');
      const [, ...places] = maps.shape;
      const size = sizeOf(places);
      return classes.map((_, i) => ({
        map: heatMap(
          float32(places, heat.slice(i * size, (i + 1) * size)),
          layer,
          model.cropSize,
        ),
        logits: [...values.subarray(i * K, (i + 1) * K)],
      }));
    },
    release: () => compiled.release(),
  };
}

/** @throws {@link ExplanationRequestError} for a layer that is not there */
export function layerOf(
  { layers }: Pick<Model, 'layers'>,
  name?: string,
): ModelLayer {
  if (name === undefined) {
    return at(layers, Math.max(0, layers.length - 2), 'layers');
  }
  const found = layers.find((layer) => layer.name === name);
  if (found !== undefined) return found;
  throw new ExplanationRequestError(
    `the model has no layer "${name}"; choose one of ${layers.map((layer) => layer.name).join(', ')}`,
  );
}

/**
 * The maps as a pure function. It computes the layer's output once, and then the logits as a function of that output alone, so
 * that the gradient goes no further back than the layer.
 */
function camFunction(
  model: Model,
  layer: string,
  rule: CamRule,
): (given: {
  readonly state: Weights;
  readonly inputs: Inputs;
}) => Results<Outputs> {
  return ({ state: { params, statistics }, inputs: { hu, targets } }) => {
    const images = windowedImages(hu);
    const learnt = params as unknown as ModelParams;
    const seen: tf.Tensor[] = [];
    const logits = model.predict(learnt, statistics, images, (name, output) => {
      if (name === layer) seen.push(output);
      return output;
    });
    const [activations] = seen;
    if (activations === undefined) {
      throw new ExplanationRequestError(
        `the image encoder lists the layer "${layer}", but does not call the hook for it`,
      );
    }
    const score = (output: tf.Tensor): tf.Tensor =>
      tf.sum(
        tf.mul(
          targets,
          model.predict(learnt, statistics, images, (name, own) =>
            name === layer ? output : own,
          ),
        ),
      );
    const maps = rule(activations, tf.grad(score)(activations));
    return { outputs: { logits, maps } };
  };
}

function heatMap(
  raw: NdArray<'float32'>,
  { axes, grid }: ModelLayer,
  cropSize: number,
): HeatMap {
  const lying = grid === undefined ? raw : foldView(raw, grid);
  return {
    axes,
    raw,
    overCrop: resample(
      lying,
      axes.map(() => cropSize),
    ),
  };
}
