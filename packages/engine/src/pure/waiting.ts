import * as tf from '@tensorflow/tfjs-core';

import { TraceError } from '../errors.js';
import { isPromise } from './describe.js';
import { userFrame } from './user-frame.js';

const advice =
  'a function computes without waiting, in shapes that follow from those of its arguments: choose with tf.where or a mask, or compute outside and pass the result as an input';

/**
 * Runs a function that must not wait: one that reads values later (`data()`, `tf.booleanMaskAsync`), or gives a promise, is
 * refused.
 *
 * @throws {@link TraceError} with the operation and the line that waits
 */
export function refuseWaiting<T>(functionName: string, run: () => T): T {
  const engine = tf.engine();
  let waited: TraceError | undefined;
  // As a property of its own, in front of the class's.
  Object.defineProperty(engine, 'read', {
    configurable: true,
    writable: true,
    value: () => {
      const { operation, place } = userFrame(new Error().stack);
      const what = operation ?? 'data()';
      waited ??= new TraceError(
        `${functionName} waits for the values of a tensor, in ${what}${place === undefined ? '' : ` at ${place}`}: ${advice}`,
      );
      // Never kept: whoever waits for it must not go on, and what is thrown here would be a rejection that nobody hears.
      return new Promise<tf.BackendValues>(() => undefined);
    },
  });
  try {
    const result = run();
    if (isPromise(result)) {
      waited ??= new TraceError(
        `${functionName} gives a promise: ${advice}; write it without async`,
      );
      // It is not waited for; how it ends is of no interest beside this error.
      result.then(undefined, () => undefined);
    }
    if (waited !== undefined) throw waited;
    return result;
  } finally {
    Reflect.deleteProperty(engine, 'read');
  }
}
