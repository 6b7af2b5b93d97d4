import type { TensorTree } from '../engine.js';
import { watched } from './asked-for.js';
import { refuseChance } from './chance.js';
import { refuseMixedTypes } from './element-rules.js';
import { explained } from './explained.js';
import { type CheckedResults, checkedResults } from './results.js';
import { withDeepStacks } from './user-frame.js';
import { refuseWaiting } from './waiting.js';

/** The trees that a function is called with. */
export interface GivenTrees {
  readonly state: TensorTree;
  readonly inputs: TensorTree;
  readonly frozen: TensorTree;
}

/**
 * Calls a function that promises to be pure, holds it to that, and to give trees of tensors.
 *
 * @param fn      the function; its own types are promises that are checked here
 * @param kernels those that there are, for the error of one that is not
 * @throws `TraceError` for chance, waiting, what is not a tensor, and what tfjs refuses, with the line of the program
 */
export function callPure(
  fn: (given: never) => unknown,
  given: GivenTrees,
  {
    name,
    kernels,
  }: { readonly name: string; readonly kernels?: readonly string[] },
): CheckedResults {
  const trees = {
    state: watched(given.state),
    inputs: watched(given.inputs),
    frozen: watched(given.frozen),
  };
  const seen = {
    state: trees.state.tree,
    inputs: trees.inputs.tree,
    frozen: trees.frozen.tree,
  };
  try {
    return withDeepStacks(() =>
      refuseChance(name, () =>
        checkedResults(
          refuseWaiting(name, () =>
            refuseMixedTypes(name, () => fn(seen as never)),
          ),
          name,
        ),
      ),
    );
  } catch (error) {
    const missing = Object.entries(trees).flatMap(([part, tree]) =>
      [...tree.missing].map((path) => `"${path}" of its ${part}`),
    );
    throw explained(error, { name, missing, kernels });
  }
}
