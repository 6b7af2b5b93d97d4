import type {
  CompiledFunction,
  Engine,
  EngineState,
  Results,
} from '@clip-lung/engine';
import { type Weights, windowedImages } from '@clip-lung/inference';
import type { Model, ModelParams } from '@clip-lung/model';
import {
  at,
  elementsOf,
  float32,
  type NdArray,
  softmax,
} from '@clip-lung/tensor';
import type * as tf from '@tensorflow/tfjs-core';

import { ExplanationRequestError } from './errors.js';
import type { Explainer, Explanation } from './explainer.js';

/** HU of aerated lung, which a nodule lies in: a cube filled with it looks as if nothing were there. */
export const lungHu = -850;

export interface OcclusionOptions {
  /** of the cube, in samples; default 8, half a nodule's diameter */
  readonly side?: number;
  /** from one place of the cube to the next, in samples, at most `side`; default 4 */
  readonly stride?: number;
  /** HU that the cube is filled with; default {@link lungHu} */
  readonly filling?: number;
}

/** Crops at a time. */
const batchSize = 32;

type Inputs = { readonly hu: tf.Tensor };
type Outputs = { readonly logits: tf.Tensor };

/**
 * Occlusion: how much less probable a class is when a cube of the crop is filled with lung. `raw` has the fall for each place of the
 * cube, [n, n, n]; over the crop, each sample has the mean over the cubes that cover it. Below 0, the class is more probable
 * without what is there.
 *
 * @throws {@link ExplanationRequestError} for a cube that does not fit, or leaves samples out
 * @see Zeiler & Fergus 2014 (arXiv 1311.2901), §4.2
 */
export function createOcclusion(
  engine: Engine,
  model: Model,
  { side = 8, stride = 4, filling = lungHu }: OcclusionOptions = {},
): Explainer {
  const size = model.cropSize;
  expectWithin('side', side, size);
  expectWithin('stride', stride, side);
  if (!Number.isFinite(filling)) {
    throw new ExplanationRequestError(
      `the filling of the cube is ${filling}, expected HU`,
    );
  }
  const starts = startsOf(size, side, stride);
  const places = starts.flatMap((z) =>
    starts.flatMap((y) => starts.map((x) => [z, y, x] as const)),
  );
  const compiled: CompiledFunction<Weights, Inputs, Outputs> = engine.compile(
    ({
      state: { params, statistics },
      inputs: { hu },
    }: {
      readonly state: Weights;
      readonly inputs: Inputs;
    }): Results<Outputs> => ({
      outputs: {
        logits: model.predict(
          params as unknown as ModelParams,
          statistics,
          windowedImages(hu),
        ),
      },
    }),
    { name: 'occlusion' },
  );
  return {
    name: `occlusion by cubes of ${side}, ${stride} apart`,
    async explain(weights, { hu, classes }) {
      const state = engine.state<Weights>(weights);
      const logitsOf = async (
        crops: readonly Float32Array[],
      ): Promise<readonly (readonly number[])[]> => {
        const found: (readonly number[])[] = [];
        for (let start = 0; start < crops.length; start += batchSize) {
          const batch = crops.slice(start, start + batchSize);
          found.push(...(await rowsOf(compiled, state, batch, size)));
        }
        return found;
      };
      const found: Explanation[] = [];
      for (const [i, index] of classes.entries()) {
        at(model.classes, index, 'classes');
        const crop = hu.data.subarray(i * size ** 3, (i + 1) * size ** 3);
        const filled = places.map((place) =>
          withCube(crop, place, { size, side, filling }),
        );
        const [whole, ...without] = await logitsOf([crop, ...filled]);
        if (whole === undefined) throw new RangeError('there is no crop');
        const probability = at(softmax(whole), index);
        const falls = without.map(
          (logits) => probability - at(softmax(logits), index),
        );
        const n = starts.length;
        found.push({
          logits: whole,
          map: {
            axes: ['z', 'y', 'x'],
            raw: float32([n, n, n], falls),
            overCrop: meanOfCubes(falls, places, { size, side }),
          },
        });
      }
      return found;
    },
    release: () => compiled.release(),
  };
}

/** Where cubes begin along an axis: a last one lies at the end, where strides do not come out there. */
function startsOf(
  size: number,
  side: number,
  stride: number,
): readonly number[] {
  const last = size - side;
  const starts = Array.from(
    { length: Math.floor(last / stride) + 1 },
    (_, i) => i * stride,
  );
  return starts.at(-1) === last ? starts : [...starts, last];
}

type Place = readonly [z: number, y: number, x: number];

function withCube(
  crop: Float32Array,
  [z, y, x]: Place,
  {
    size,
    side,
    filling,
  }: { readonly size: number; readonly side: number; readonly filling: number },
): Float32Array {
  const changed = crop.slice();
  for (let k = z; k < z + side; k++) {
    for (let j = y; j < y + side; j++) {
      const row = (k * size + j) * size;
      changed.fill(filling, row + x, row + x + side);
    }
  }
  return changed;
}

/** The mean, for each sample, over the cubes that cover it. */
function meanOfCubes(
  falls: readonly number[],
  places: readonly Place[],
  { size, side }: { readonly size: number; readonly side: number },
): NdArray<'float32'> {
  const sums = new Float64Array(size ** 3);
  const counts = new Float64Array(size ** 3);
  places.forEach(([z, y, x], i) => {
    const fall = at(falls, i, 'cubes');
    for (let k = z; k < z + side; k++) {
      for (let j = y; j < y + side; j++) {
        const row = (k * size + j) * size + x;
        for (let place = row; place < row + side; place++) {
          sums[place] = (sums[place] as number) + fall;
          counts[place] = (counts[place] as number) + 1;
        }
      }
    }
  });
  return float32(
    [size, size, size],
    Float32Array.from(sums, (sum, i) => sum / at(counts, i)),
  );
}

async function rowsOf(
  compiled: CompiledFunction<Weights, Inputs, Outputs>,
  state: EngineState<Weights>,
  crops: readonly Float32Array[],
  size: number,
): Promise<readonly (readonly number[])[]> {
  const hu = new Float32Array(batchSize * size ** 3);
  crops.forEach((crop, i) => {
    hu.set(crop, i * size ** 3);
  });
  const { logits } = await compiled.run(state, {
    // Filled up with zeros, so that one graph serves for all.
    hu: float32([batchSize, size, size, size], hu),
  });
  const values = elementsOf(logits, 'float32', 'the logits');
  const K = at(logits.shape, 1, 'axes');
  return crops.map((_, i) => [...values.subarray(i * K, (i + 1) * K)]);
}

function expectWithin(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new ExplanationRequestError(
    `the ${name} of the occluding cube is ${value}, expected a whole number from 1 to ${most}`,
  );
}
