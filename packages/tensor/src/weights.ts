import { ShapeError } from './error.js';
import {
  filled,
  float32,
  formatShape,
  type NdArray,
  sameShape,
  sizeOf,
} from './nd-array.js';
import type { RandomStream } from './random.js';
import { leaves, type Tree } from './tree.js';

type Shape = readonly number[];

/** A weight, or a running statistic: its path, its shape in PyTorch's layout, and how it starts. */
export interface Weight {
  readonly path: string;
  readonly shape: Shape;
  readonly start: (shape: Shape, random: RandomStream) => NdArray<'float32'>;
}

export const zeros: Weight['start'] = (shape) => filled(shape, 0);
export const ones: Weight['start'] = (shape) => filled(shape, 1);

function drawn(shape: Shape, draw: () => number): NdArray<'float32'> {
  return float32(shape, Array.from({ length: sizeOf(shape) }, draw));
}

/**
 * Normal with variance 2 / fan-out, for a convolution [O, I, …window] before a ReLU.
 *
 * @see He et al., Delving Deep into Rectifiers (arXiv 1502.01852), equation 14; so torchvision starts its ResNets
 */
export const kaimingNormal: Weight['start'] = (shape, random) => {
  const [output = 1, , ...window] = shape;
  const deviation = Math.sqrt(2 / (output * sizeOf(window)));
  return drawn(shape, () => random.normal(0, deviation));
};

/** Uniform within ±1/√fan-in, as PyTorch starts a Linear's weight, and the bias of a Linear or a convolution. */
export const uniformWithin =
  (fanIn: number): Weight['start'] =>
  (shape, random) => {
    const bound = 1 / Math.sqrt(fanIn);
    return drawn(shape, () => random.uniform(-bound, bound));
  };

/** The weights at their start, by path. Each has its own stream: its values depend on its path, not on its neighbours. */
export function startAll(
  weights: readonly Weight[],
  random: RandomStream,
): (readonly [path: string, array: NdArray<'float32'>])[] {
  return weights.map(({ path, shape, start }) => [
    path,
    start(shape, random.stream(path)),
  ]);
}

/** Finds a tensor by its path. */
export type Lookup<Tensor> = (path: string) => Tensor;

/**
 * The tree's tensors by path, once they are known to be what the network is made of.
 *
 * @param owner names the network in errors
 * @throws `ShapeError` that lists every weight that is missing, unknown, or of another shape
 */
export function lookup<Tensor extends { readonly shape: Shape }>(
  tree: Tree<Tensor>,
  weights: readonly Weight[],
  owner: string,
): Lookup<Tensor> {
  const tensors = new Map(leaves<Tensor>(tree));
  const problems = weights.flatMap(({ path, shape }) => {
    const found = tensors.get(path);
    if (found === undefined) return [`- ${path} ${formatShape(shape)}`];
    return sameShape(found.shape, shape)
      ? []
      : [
          `! ${path} is ${formatShape(found.shape)}, expected ${formatShape(shape)}`,
        ];
  });
  const known = new Set(weights.map(({ path }) => path));
  for (const path of tensors.keys()) {
    if (!known.has(path)) problems.push(`+ ${path}`);
  }
  if (problems.length > 0) {
    throw new ShapeError(
      `the weights are not those of ${owner} (- missing, + unknown, ! of another shape):\n${problems.join('\n')}`,
    );
  }
  return (path) => {
    const tensor = tensors.get(path);
    if (tensor === undefined) throw new ShapeError(`${owner} has no ${path}`);
    return tensor;
  };
}
