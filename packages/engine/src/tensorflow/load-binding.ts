import { at } from '@clip-lung/tensor';
import '../cpu-backend.js';
import '../gradients.js';

import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

import * as tf from '@tensorflow/tfjs-core';

import { EngineUnavailableError } from '../errors.js';
import { followEdgeRules } from './edge-rules.js';
import { allowExplicitPadding } from './explicit-padding.js';
import {
  convolveVolumes,
  allowNormalisedVolumes,
  refuseLargeWindows,
} from './volumes.js';

/** The packages that bring TensorFlow to tfjs, the better first. Both call their backend `tensorflow`. */
const packageNames = [
  '@tensorflow/tfjs-node-gpu',
  '@tensorflow/tfjs-node',
] as const;

type PackageName = (typeof packageNames)[number];

/** What runs TensorFlow's operations in this process. */
export interface TensorflowBinding {
  readonly packageName: PackageName;
  /** of the TensorFlow library */
  readonly version: string;
  readonly usesGpu: boolean;
}

/** The part of tfjs-node's backend that says what it is; its package is not there to take the type from. */
interface NodeBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: { readonly TF_Version: string };
}

/** A process has one TensorFlow: the first that was found. */
let loaded: TensorflowBinding | undefined;

/** The processor that TensorFlow is wanted on: each is a package's. */
export type TensorflowDevice = 'cpu' | 'cuda';

/**
 * Loads the package that registers tfjs's backend `tensorflow`. Its tfjs shares tensors, kernels and gradients with ours,
 * wherever it is installed: tfjs keeps them once a process.
 *
 * @param folder where to look for it, before it is looked for beside this package
 * @param device undefined for either, the GPU first
 * @throws {@link EngineUnavailableError} that lists what was looked for, and why each does not do
 */
export function loadTensorflow(
  folder: string | undefined,
  device: TensorflowDevice | undefined,
): TensorflowBinding {
  loaded ??= load(folder, device);
  const found = loaded.usesGpu ? 'cuda' : 'cpu';
  if (device === undefined || device === found) return loaded;
  throw new EngineUnavailableError(
    `TensorFlow cannot use the device ${device} here: ${loaded.packageName} was loaded and computes on ${found}${device === 'cuda' ? '; it needs an NVIDIA GPU with its driver, CUDA and cuDNN' : ''}`,
  );
}

function load(
  folder: string | undefined,
  device: TensorflowDevice | undefined,
): TensorflowBinding {
  const wanted = packageNames.filter((_, i) =>
    device === undefined ? true : (device === 'cuda') === (i === 0),
  );
  const places = [
    ...(folder === undefined
      ? []
      : [{ require: requireFrom(resolve(folder)), where: ` in ${folder}` }]),
    { require: createRequire(import.meta.url), where: '' },
  ];
  const reasons: string[] = [];
  for (const { require, where } of places) {
    for (const packageName of wanted) {
      try {
        const file = require.resolve(packageName);
        apart(() => require(file) as unknown);
      } catch (error) {
        reasons.push(`${packageName}${where}: ${reasonOf(error)}`);
        continue;
      }
      convolveVolumes();
      allowNormalisedVolumes();
      allowExplicitPadding();
      refuseLargeWindows();
      followEdgeRules();
      return describe(packageName);
    }
  }
  throw new EngineUnavailableError(
    `there is no TensorFlow for the tensorflow engine (${reasons.join('; ')}); install it with ${wanted.map((name) => `"npm install --ignore-scripts=false ${name}"`).join(' or ')}, or build it for the CPU with tools/tensorflow/build-tfjs-node.sh <folder> and set CLIP_LUNG_TFJS_NODE=<folder>`,
  );
}

function requireFrom(folder: string): NodeJS.Require {
  return createRequire(join(folder, 'package.json'));
}

/**
 * Loads the package without what it does to the rest of tfjs. It brings a tfjs of its own, which registers its kernels and
 * gradients in the place of those that are there (and tfjs would warn of each), and makes itself the backend in use. Kernels
 * of one copy do not all understand buffers of another.
 */
function apart(load: () => unknown): void {
  const before = tf.engine().backendName as string | undefined;
  const environment = tf.env();
  const production = environment.getBool('PROD');
  const kernels = tf.getKernelsForBackend('cpu');
  const gradients = kernels.flatMap(
    ({ kernelName }) =>
      (tf.getGradient(kernelName) as tf.GradConfig | undefined) ?? [],
  );
  environment.set('PROD', true);
  try {
    load();
  } finally {
    for (const kernel of kernels) {
      tf.unregisterKernel(kernel.kernelName, 'cpu');
      tf.registerKernel(kernel);
    }
    for (const gradient of gradients) tf.registerGradient(gradient);
    environment.set('PROD', production);
    if (before !== undefined) void tf.setBackend(before);
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'MODULE_NOT_FOUND' && !message.includes('tfjs_binding')) {
    return 'is not installed';
  }
  return `does not load: ${at(message.split('\n'), 0)}`;
}

function describe(packageName: PackageName): TensorflowBinding {
  const backend = tf.findBackend('tensorflow') as unknown as NodeBackend;
  return {
    packageName,
    version: backend.binding.TF_Version,
    usesGpu: backend.isUsingGpuDevice,
  };
}
