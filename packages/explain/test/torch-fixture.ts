import { fileURLToPath } from 'node:url';

import type { Hosted } from '@clip-lung/engine';
import type { Weights } from '@clip-lung/inference';
import { createModel, type Model, resolveExperiment } from '@clip-lung/model';
import {
  float32,
  mapTree,
  type NdArray,
  RandomStream,
  sizeOf,
  type Tree,
} from '@clip-lung/tensor';
import { readSafetensors } from '@clip-lung/tensor/node';

/** The networks of tools/reference/explain.py. */
export type Network = 'resnet18' | 'resnet18-3d';

const file = new URL('../fixtures/torch.safetensors', import.meta.url);
const { tensors } = await readSafetensors(fileURLToPath(file));

/** What the fixture has. */
export function stored(name: string): NdArray<'float32'> {
  const array = tensors.get(name);
  if (array?.is('float32') === true) return array;
  throw new Error(`the fixture has no "${name}"`);
}

/** The numbers in [0, 1) that the reference draws by this name, mapped. */
export function drawn(
  name: string,
  shape: readonly number[],
  change: (u: number) => number = (u) => u,
): NdArray<'float32'> {
  let x = 0x811c9dc5;
  for (const letter of name) {
    x = Math.imul(x ^ letter.charCodeAt(0), 0x01000193);
  }
  return float32(
    shape,
    Array.from({ length: sizeOf(shape) }, () => {
      x = (Math.imul(x, 1664525) + 1013904223) | 0;
      return change((x >>> 0) / 2 ** 32);
    }),
  );
}

/** Two crops in HU. */
export const hu = (): NdArray<'float32'> =>
  drawn('hu', [2, 32, 32, 32], (u) => 1400 * u - 1000);

/** Their classes. */
export const classes = [2, 0];

/** A network as the project's model, with the reference's weights. */
export function network(name: Network): {
  readonly model: Model;
  readonly weights: Hosted<Weights>;
} {
  const experiment = resolveExperiment({
    image: { use: name, width: 2, groups: 2, embedding: 128 },
    losses: [{ use: 'cross-entropy' }],
  });
  const model = createModel(experiment, {
    classes: ['benign', 'unsure', 'malignant'],
    tower: null,
  });
  const weights = mapTree<Tree<NdArray>, NdArray, NdArray>(
    model.init(new RandomStream(0)),
    ({ shape }, path) =>
      path.startsWith('params.head.fc.')
        ? drawn(
            `${name}.head.${path.slice('params.head.fc.'.length)}`,
            shape,
            (u) => 0.4 * u - 0.2,
          )
        : ofEncoder(
            name,
            path.replace(/^(params\.image|statistics)\./, ''),
            shape,
          ),
  );
  return { model, weights: weights as unknown as Hosted<Weights> };
}

function ofEncoder(
  name: string,
  path: string,
  shape: readonly number[],
): NdArray<'float32'> {
  const [, ...inputs] = shape;
  const bound = Math.sqrt(6 / sizeOf(inputs));
  return drawn(`${name}.${path}`, shape, (u) => {
    if (path.endsWith('running_var')) return 0.5 + 1.5 * u;
    if (shape.length >= 4) return (2 * u - 1) * bound;
    if (path.endsWith('bn2.weight')) return 0.1 + 0.3 * u;
    return path.endsWith('weight') ? 0.5 + u : u - 0.5;
  });
}

/** The greatest difference of two arrays, over the greatest value of the second. */
export function difference(
  found: Pick<NdArray<'float32'>, 'shape' | 'data'>,
  expected: Pick<NdArray<'float32'>, 'shape' | 'data'>,
): number {
  if (found.shape.join() !== expected.shape.join()) return Infinity;
  const greatest = expected.data.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  return found.data.reduce(
    (worst, value, i) =>
      Math.max(worst, Math.abs(value - (expected.data[i] ?? NaN)) / greatest),
    0,
  );
}
