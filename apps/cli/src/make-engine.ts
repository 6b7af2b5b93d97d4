import {
  cpuEngine,
  type Engine,
  type OnnxDevice,
  onnxDevices,
  onnxEngine,
  tensorflowEngine,
} from '@clip-lung/engine';

import { UsageError } from './exit-codes.js';

export const engineNames = ['onnx', 'tensorflow', 'cpu'] as const;

export type EngineName = (typeof engineNames)[number];

export const deviceNames = onnxDevices;

export type DeviceName = OnnxDevice;

export interface EngineChoice {
  /** undefined for the engine's own choice */
  readonly device?: DeviceName | undefined;
  /** inside one operation */
  readonly threads?: number | undefined;
}

/**
 * Makes the engine that the options `--engine`, `--device` and `--threads` name.
 *
 * @throws {@link UsageError} for an engine that never runs on the device
 * @throws `EngineUnavailableError` when it is not there; it says why
 */
export function makeEngine(
  name: EngineName,
  { device, threads }: EngineChoice = {},
): Engine {
  if (threads !== undefined && name !== 'onnx') {
    throw new UsageError(
      `--threads ${threads}: the engine ${name} chooses its threads itself; leave it out, or use --engine onnx`,
    );
  }
  switch (name) {
    case 'onnx':
      return onnxEngine({
        ...(device === undefined ? {} : { device }),
        ...(threads === undefined ? {} : { threads }),
      });
    case 'tensorflow':
      if (device === 'webgpu') return refuse(name, device, 'cpu or cuda');
      return tensorflowEngine({ device });
    case 'cpu':
      if (device === undefined || device === 'cpu') return cpuEngine();
      return refuse(name, device, 'cpu');
  }
}

function refuse(name: EngineName, device: DeviceName, known: string): never {
  throw new UsageError(
    `--device ${device}: the engine ${name} runs on ${known} only; choose that, or --engine onnx`,
  );
}
