import { cpuEngine } from '../src/cpu-engine.js';
import type { Engine } from '../src/engine.js';
import { onnxEngine } from '../src/onnx/runtime/onnx-engine.js';
import { tensorflowEngine } from '../src/tensorflow/tensorflow-engine.js';

/** Every engine that is there; the tests of TensorFlow's say so where it is not built. */
export function everyEngine(): Engine[] {
  return [
    cpuEngine(),
    onnxEngine({ threads: 1, signatures: 2 }),
    ...(process.env['CLIP_LUNG_TFJS_NODE'] === undefined
      ? []
      : [tensorflowEngine()]),
  ];
}
