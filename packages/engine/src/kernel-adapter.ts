import * as tf from '@tensorflow/tfjs-core';

/** What tfjs gives a kernel. */
export interface KernelArguments {
  readonly inputs: tf.NamedTensorInfoMap;
  readonly attrs: tf.NamedAttrMap;
  readonly backend: tf.KernelBackend;
}

/** Computes one tensor. */
export type RunKernel = (given: KernelArguments) => tf.TensorInfo;

/** Computes one tensor with a kernel that is named. */
export type RunNamedKernel = (
  kernelName: string,
  given: KernelArguments,
) => tf.TensorInfo;

/** What changes the kernels of one of tfjs's backends, and runs them. */
export interface KernelAdapter {
  /** Puts `change` in the place of a kernel; it may call the original. A kernel that is not there stays so. */
  readonly adaptKernel: (
    kernelName: string,
    change: (given: KernelArguments, original: RunKernel) => tf.TensorInfo,
  ) => void;
  /** Runs another kernel on the way to a result; what it gives is to be freed. */
  readonly runKernel: RunNamedKernel;
}

export function kernelAdapter(backendName: string): KernelAdapter {
  return {
    adaptKernel: (kernelName, change) => {
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
            {
              inputs,
              attrs: attrs ?? {},
              backend: backend as tf.KernelBackend,
            },
            original,
          ),
      });
    },
    runKernel: (kernelName, given) =>
      runnerOf(tf.getKernel(kernelName, backendName))(given),
  };
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
