import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import * as ort from 'onnxruntime-node';

import { EngineUnavailableError } from '../../errors.js';
import { probeDevice } from './probe-device.js';

/** The execution providers of ONNX Runtime that the engine can use. */
export const onnxDevices = ['cpu', 'cuda', 'webgpu'] as const;

export type OnnxDevice = (typeof onnxDevices)[number];

/** Whether ONNX Runtime computes on a device here, and if not, why not. */
export type DeviceReport =
  | { readonly device: OnnxDevice; readonly available: true }
  | {
      readonly device: OnnxDevice;
      readonly available: false;
      readonly reason: string;
    };

/** A device does not come or go while a process runs. */
const problems = new Map<OnnxDevice, string | undefined>();

/** Tries each device of {@link onnxDevices}; of those other than the CPU, each takes about a second, the first time. */
export function availableDevices(): readonly DeviceReport[] {
  return onnxDevices.map((device) => {
    const reason = problemOf(device);
    return reason === undefined
      ? { device, available: true }
      : { device, available: false, reason };
  });
}

/**
 * Whether graphs for a device keep one node for one operation: the faster forms were chosen by measuring on processors,
 * and a GPU's libraries choose their own.
 */
export function wantsPlain(device: OnnxDevice): boolean {
  return device !== 'cpu';
}

/** @throws {@link EngineUnavailableError} that says why ONNX Runtime cannot use the device */
export function expectDevice(device: OnnxDevice): void {
  const reason = problemOf(device);
  if (reason === undefined) return;
  const present = availableDevices().filter(({ available }) => available);
  throw new EngineUnavailableError(
    `ONNX Runtime cannot use the device ${device} here: ${reason} (available: ${present.map((report) => report.device).join(', ')})`,
  );
}

function problemOf(device: OnnxDevice): string | undefined {
  if (device === 'cpu') return undefined;
  if (!problems.has(device)) {
    problems.set(device, missingFile(device) ?? probeDevice(device));
  }
  return problems.get(device);
}

/** What can be known without trying. */
function missingFile(device: OnnxDevice): string | undefined {
  const known = ort.listSupportedBackends().map(({ name }) => name);
  if (!known.includes(device)) {
    return `this build of ONNX Runtime has only ${known.join(', ')}`;
  }
  if (device !== 'cuda') return undefined;
  const folder = bindingFolder();
  const library =
    process.platform === 'win32'
      ? 'onnxruntime_providers_cuda.dll'
      : 'libonnxruntime_providers_cuda.so';
  if (folder === undefined || existsSync(join(folder, library))) {
    return undefined;
  }
  return `${library} is not in ${folder}; "npm rebuild onnxruntime-node --ignore-scripts=false" downloads it`;
}

/** Where ONNX Runtime looks for the libraries of its execution providers; undefined where its package is laid out otherwise. */
function bindingFolder(): string | undefined {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node');
  const bin = join(dirname(main), '..', 'bin');
  if (!existsSync(bin)) return undefined;
  return readdirSync(bin)
    .map((abi) => join(bin, abi, process.platform, process.arch))
    .find((folder) => existsSync(join(folder, 'onnxruntime_binding.node')));
}
