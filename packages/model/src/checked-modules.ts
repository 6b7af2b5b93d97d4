import type { ClassifierHead } from '@clip-lung/heads';
import type { ImageEncoder } from '@clip-lung/image-encoder';
import type { Loss } from '@clip-lung/losses';
import type { Optimizer, Schedule } from '@clip-lung/optim';
import { at, formatShape, leaves, type Tree } from '@clip-lung/tensor';
import type * as tf from '@tensorflow/tfjs-core';

import { ExperimentError, moduleError } from './errors.js';

// A module of a researcher's own may give anything. What it gives is checked wherever it is called: an engine calls it
// once, while it traces the step, so this costs nothing afterwards, and errors come before the first step.

/** The shape that something must have, a number or a list of those that are allowed for each axis. */
type Expected = readonly (number | readonly number[])[];

/** An image encoder that is held to its sizes, and to D, which the text decides. */
export function checkedEncoder(
  encoder: ImageEncoder,
  embedding: number,
  path: string,
): ImageEncoder {
  const { groups, channels } = encoder.sizes;
  for (const [name, size] of Object.entries(encoder.sizes)) {
    if (Number.isInteger(size) && size >= 1) continue;
    throw new ExperimentError(
      path,
      `its sizes.${name} is ${String(size)}, expected a whole number of at least 1`,
    );
  }
  if (encoder.sizes.embedding !== embedding) {
    throw new ExperimentError(
      path,
      `its groups have features of D = ${encoder.sizes.embedding}, the text's have ${embedding}: take needs.embedding for D`,
    );
  }
  return {
    name: encoder.name,
    sizes: encoder.sizes,
    layers: encoder.layers ?? [],
    ...(encoder.featureGrid && { featureGrid: encoder.featureGrid }),
    init: (random) => within(path, () => encoder.init(random)),
    apply(params, statistics, images, options) {
      const seen = within(path, () =>
        encoder.apply(params, statistics, images, options),
      );
      const [batch] = images.shape;
      expectShape(path, 'features', seen.features, [batch, channels, 8, 8]);
      expectShape(path, 'groups', seen.groups, [batch, groups, embedding]);
      expectSameForm(path, 'statistics', seen.statistics, statistics);
      return seen;
    },
  };
}

/** A head that is held to logits of K classes. */
export function checkedHead(
  head: ClassifierHead,
  classes: number,
  path: string,
): ClassifierHead {
  return {
    init: (random) => within(path, () => head.init(random)),
    apply(params, features) {
      const logits = within(path, () => head.apply(params, features));
      expectShape(path, 'logits', logits, [features.shape[0], classes]);
      return logits;
    },
  };
}

/** A loss that is held to a scalar. */
export function checkedLoss(
  loss: Loss,
  path: string,
  options: Readonly<Record<string, unknown>>,
): Loss {
  return {
    name: loss.name,
    needs: loss.needs,
    fields: loss.fields ?? {},
    init: (random, sizes) =>
      within(path, () => loss.init?.(random, sizes) ?? {}, options),
    compute(inputs, params) {
      const value = within(path, () => loss.compute(inputs, params), options);
      expectShape(path, 'its value', value, []);
      return value;
    },
  };
}

/** An optimiser that is held to the form of parameters and state. */
export function checkedOptimizer(
  optimizer: Optimizer,
  path: string,
): Optimizer {
  return {
    init: (params) => within(path, () => optimizer.init(params)),
    update(params, gradients, state, learningRate) {
      const step = within(path, () =>
        optimizer.update(params, gradients, state, learningRate),
      );
      expectSameForm(path, 'params', step.params, params);
      expectSameForm(path, 'state', step.state, state);
      return step;
    },
  };
}

/** A schedule that is held to learning rates. */
export function checkedSchedule(
  schedule: Schedule,
  path: string,
  options: Readonly<Record<string, unknown>>,
): Schedule {
  // Types promise a function; a plugin in JavaScript promises nothing.
  if (typeof (schedule as unknown) !== 'function') {
    throw new ExperimentError(
      path,
      `makes ${typeof schedule}, expected a function of the step and the run, (step, { base, steps }) => rate`,
    );
  }
  return (step, run) => {
    const rate: unknown = within(path, () => schedule(step, run), options);
    if (typeof rate === 'number' && rate >= 0 && rate < Infinity) return rate;
    throw new ExperimentError(
      path,
      `gives ${String(rate)} for the learning rate of step ${step}, expected a number of at least 0`,
    );
  };
}

/**
 * Runs a function of a module: what it throws says whose it is.
 *
 * @param options those that the experiment gives the module
 */
export function within<T>(
  path: string,
  run: () => T,
  options: Readonly<Record<string, unknown>> = {},
): T {
  try {
    return run();
  } catch (error) {
    throw moduleError(error, path, options);
  }
}

/** @throws {@link ExperimentError} that tells the shape that was found, and the one that was expected */
export function expectShape(
  path: string,
  what: string,
  found: tf.Tensor,
  expected: Expected,
): void {
  // Types promise a tensor; a plugin in JavaScript promises nothing.
  const shape = (found as Partial<tf.Tensor> | undefined)?.shape;
  const fits =
    shape?.length === expected.length &&
    expected.every((length, i) => [length].flat().includes(at(shape, i)));
  if (fits) return;
  const wanted = expected.map((length) => [length].flat().join(' or '));
  throw new ExperimentError(
    path,
    `gives ${shape === undefined ? 'no tensor' : formatShape(shape)} for ${what}, expected [${wanted.join(', ')}]`,
  );
}

/** The same leaves with the same shapes: what goes from step to step must not change its form. */
function expectSameForm(
  path: string,
  what: string,
  found: Tree<tf.Tensor>,
  expected: Tree<tf.Tensor>,
): void {
  const own = new Map(leaves<tf.Tensor>(found));
  const wanted = new Map(leaves<tf.Tensor>(expected));
  for (const [name, { shape }] of wanted) {
    const leaf = own.get(name);
    if (leaf === undefined) {
      throw new ExperimentError(path, `gives ${what} without "${name}"`);
    }
    expectShape(path, `${what}.${name}`, leaf, shape);
  }
  for (const name of own.keys()) {
    if (wanted.has(name)) continue;
    throw new ExperimentError(
      path,
      `gives ${what} with "${name}", which was not there before`,
    );
  }
}
