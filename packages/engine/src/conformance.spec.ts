import { conformance } from '../test/conformance/suite.js';
import { onnxEngine } from './onnx/onnx-engine.js';

conformance(onnxEngine({ threads: 1 }));
