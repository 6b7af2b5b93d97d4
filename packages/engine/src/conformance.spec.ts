import { conformance } from '../test/conformance/suite.js';
import { cpuEngine } from './cpu-engine.js';
import { onnxEngine } from './onnx/runtime/onnx-engine.js';

conformance(onnxEngine({ threads: 1 }));
conformance(cpuEngine());
