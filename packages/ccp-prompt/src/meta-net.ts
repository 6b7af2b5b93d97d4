import {
  float32,
  type NdArray,
  type RandomStream,
  ShapeError,
  sizeOf,
  type Tree,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { parameter } from './context.js';

/** h: Linear(D, hidden) → ReLU → Linear(hidden, W), which turns an image feature into a shift of context vectors. */
export interface MetaNet {
  /** D / reduction, rounded down, at least 1 */
  readonly hidden: number;
  init(random: RandomStream): Tree<NdArray<'float32'>>;
  /**
   * @param params a learner's parameters, with the net's under `meta_net`
   * @param features rows, [R, D]
   * @returns [R, W]
   */
  apply(params: Tree<tf.Tensor>, features: tf.Tensor2D): tf.Tensor2D;
}

export interface MetaNetOptions {
  /** D */
  readonly embedding: number;
  /** W */
  readonly width: number;
  /** by how much the hidden layer is narrower than D */
  readonly reduction: number;
}

/** The branch of a learner's parameters that holds the net. */
export const metaNetName = 'meta_net';

/**
 * A `Linear` as PyTorch initialises it. `kaiming_uniform_` with a = √5 comes to U(±1/√fan_in), which is the bias's
 * distribution as well.
 */
function initLinear(
  random: RandomStream,
  out: number,
  input: number,
): Tree<NdArray<'float32'>> {
  const bound = input ** -0.5;
  const draw = (name: string, shape: readonly number[]): NdArray<'float32'> => {
    const stream = random.stream(name);
    return float32(
      shape,
      Float32Array.from({ length: sizeOf(shape) }, () =>
        stream.uniform(-bound, bound),
      ),
    );
  };
  return {
    weight: draw('weight', [out, input]),
    bias: draw('bias', [out]),
  };
}

/** @throws {@link ShapeError} for sizes that are no whole numbers of at least 1 */
export function metaNet({
  embedding,
  width,
  reduction,
}: MetaNetOptions): MetaNet {
  for (const [name, value] of Object.entries({ embedding, width, reduction })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new ShapeError(
        `the ${name} of a conditional prompt is ${value}, expected a whole number of at least 1`,
      );
    }
  }
  const hidden = Math.max(1, Math.floor(embedding / reduction));
  const linear = (
    params: Tree<tf.Tensor>,
    rows: tf.Tensor2D,
    name: string,
  ): tf.Tensor2D =>
    tf.add(
      tf.matMul<tf.Tensor2D>(
        rows,
        parameter(params, `${metaNetName}.${name}.weight`),
        false,
        true,
      ),
      parameter(params, `${metaNetName}.${name}.bias`),
    );
  return {
    hidden,
    init: (random) => ({
      linear1: initLinear(random.stream('linear1'), hidden, embedding),
      linear2: initLinear(random.stream('linear2'), width, hidden),
    }),
    apply: (params, features) =>
      linear(params, tf.relu(linear(params, features, 'linear1')), 'linear2'),
  };
}
