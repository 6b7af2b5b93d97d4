import { cpuEngine } from './cpu-engine.js';
import type { Engine } from './engine.js';
import { EngineUnavailableError } from './errors.js';
import { availableDevices } from './onnx/runtime/devices.js';
import { onnxEngine } from './onnx/runtime/onnx-engine.js';
import { tensorflowEngine } from './tensorflow/tensorflow-engine.js';
import { type MatMulTime, timeMatMul } from './time-matmul.js';

/** An engine on a device: how fast it is, or why it is not there. */
export type EngineFinding = {
  readonly name: Engine['name'];
  readonly device: string;
} & (
  | ({ readonly available: true } & MatMulTime)
  | { readonly available: false; readonly reason: string }
);

/** Sides of the matrices that are multiplied: plain JavaScript would take seconds for the larger. */
const side = 1024;
const smallSide = 192;

/** Tries every engine on every device. */
export async function surveyEngines(): Promise<readonly EngineFinding[]> {
  const findings: EngineFinding[] = [];
  for (const report of availableDevices()) {
    const { device } = report;
    findings.push(
      report.available
        ? await timed(onnxEngine({ device }), side)
        : { name: 'onnx', device, available: false, reason: report.reason },
    );
  }
  findings.push(await tensorflow());
  findings.push(await timed(cpuEngine(), smallSide));
  return findings;
}

async function tensorflow(): Promise<EngineFinding> {
  try {
    return await timed(tensorflowEngine(), side);
  } catch (error) {
    if (!(error instanceof EngineUnavailableError)) throw error;
    return {
      name: 'tensorflow',
      device: 'cpu, cuda',
      available: false,
      reason: error.message,
    };
  }
}

async function timed(engine: Engine, length: number): Promise<EngineFinding> {
  const { name, device } = engine;
  try {
    const time = await timeMatMul(engine, length);
    return { name, device, available: true, ...time };
  } finally {
    await engine.dispose();
  }
}
