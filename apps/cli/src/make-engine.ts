import { cpuEngine, type Engine, onnxEngine } from '@clip-lung/engine';

export const engineNames = ['onnx', 'cpu'] as const;

export type EngineName = (typeof engineNames)[number];

export function makeEngine(name: EngineName): Engine {
  return name === 'onnx' ? onnxEngine() : cpuEngine();
}
