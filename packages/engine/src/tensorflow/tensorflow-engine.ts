import type { Engine } from '../engine.js';
import { plainEngine } from '../plain/plain-engine.js';
import { loadTensorflow, type TensorflowDevice } from './load-binding.js';

export interface TensorflowEngineOptions {
  /** `cuda` is of tfjs-node-gpu alone, and `cpu` of tfjs-node. By default whichever is there, the GPU first */
  readonly device?: TensorflowDevice | undefined;
  /**
   * a folder in whose `node_modules` to look for tfjs-node-gpu or tfjs-node first; by default that of the environment
   * variable `CLIP_LUNG_TFJS_NODE`, where it is set
   */
  readonly folder?: string | undefined;
}

/**
 * An engine that runs functions operation by operation with TensorFlow, through `@tensorflow/tfjs-node-gpu` or
 * `@tensorflow/tfjs-node`. Neither is a dependency: whichever is installed is used.
 *
 * @throws `EngineUnavailableError` when neither is there; it says what was looked for, and what to install
 */
export function tensorflowEngine({
  device,
  folder = process.env['CLIP_LUNG_TFJS_NODE'],
}: TensorflowEngineOptions = {}): Engine {
  const { packageName, version, usesGpu } = loadTensorflow(folder, device);
  return plainEngine({
    name: 'tensorflow',
    device: `${usesGpu ? 'cuda' : 'cpu'}, TensorFlow ${version} (${packageName})`,
    backend: 'tensorflow',
  });
}
