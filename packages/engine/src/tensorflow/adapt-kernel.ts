import * as tf from '@tensorflow/tfjs-core';

/** What tfjs gives a kernel. */
export interface KernelArguments {
  readonly inputs: tf.NamedTensorInfoMap;
  readonly attrs: tf.NamedAttrMap;
  readonly backend: tf.KernelBackend;
}

/** Computes one tensor. */
export type RunKernel = (given: KernelArguments) => tf.TensorInfo;

const backendName = 'tensorflow';

/** Puts `change` in the place of a kernel of tfjs-node; it may call the original. A kernel that is not there stays so. */
export function adaptKernel(
  kernelName: string,
  change: (given: KernelArguments, original: RunKernel) => tf.TensorInfo,
): void {
  const config = tf.getKernel(kernelName, backendName) as
    | tf.KernelConfig
    | undefined;
  if (config === undefined) return;
  const original = runnerOf(config);
  tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({
    ...config,
    kernelFunc: ({ inputs, attrs, backend }) =>
      change(
        { inputs, attrs: attrs ?? {}, backend: backend as tf.KernelBackend },
        original,
      ),
  });
}

/** Runs another kernel on the way to a result; what it gives is to be freed. */
export function runKernel(
  kernelName: string,
  given: KernelArguments,
): tf.TensorInfo {
  return runnerOf(tf.getKernel(kernelName, backendName))(given);
}

/** Frees what only was on the way. */
export function free(backend: tf.KernelBackend, info: tf.TensorInfo): void {
  backend.disposeData(info.dataId);
}

/** One of a kernel's inputs. @throws `TypeError` where it is missing */
export function inputOf(
  { inputs }: KernelArguments,
  name: string,
): tf.TensorInfo {
  const info = inputs[name];
  if (info === undefined) throw new TypeError(`the input ${name} is missing`);
  return info;
}

function runnerOf({ kernelFunc }: tf.KernelConfig): RunKernel {
  return (given) => {
    const result = kernelFunc(given);
    if (Array.isArray(result)) throw new TypeError('a kernel gives several');
    return result;
  };
}
