import '@tensorflow/tfjs-backend-cpu';
import './cpu-volumes.js';

import * as tf from '@tensorflow/tfjs-core';

/** The part of tfjs's cpu backend that is used here; its package does not export the type. */
export interface CpuBackend extends tf.KernelBackend {
  makeTensorInfo(
    shape: number[],
    dtype: tf.DataType,
    values: tf.BackendValues,
  ): tf.TensorInfo;
  disposeIntermediateTensorInfo(info: tf.TensorInfo): void;
}

let found: CpuBackend | undefined;

/** tfjs's cpu backend, without its advice to install tfjs-node, which it prints when it is first used. */
export function cpuBackend(): CpuBackend {
  if (found !== undefined) return found;
  const backend = tf.findBackend('cpu') as CpuBackend;
  const environment = tf.env();
  const production = environment.getBool('PROD');
  environment.set('PROD', true);
  backend.disposeIntermediateTensorInfo(
    backend.makeTensorInfo([], 'float32', new Float32Array(1)),
  );
  environment.set('PROD', production);
  found = backend;
  return backend;
}
