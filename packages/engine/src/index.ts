// What an engine is, and what runs on it.
export type {
  Arguments,
  CompiledFunction,
  CompileOptions,
  Engine,
  EngineState,
  Hosted,
  PureFunction,
  Results,
  TensorTree,
} from './engine.js';
export {
  ArgumentError,
  EngineUnavailableError,
  ExportError,
  TraceError,
} from './errors.js';

// The engines, and the devices of ONNX Runtime.
export { cpuEngine } from './cpu-engine.js';
export {
  onnxEngine,
  type OnnxEngineOptions,
} from './onnx/runtime/onnx-engine.js';
export {
  tensorflowEngine,
  type TensorflowEngineOptions,
} from './tensorflow/tensorflow-engine.js';
export {
  availableDevices,
  type DeviceReport,
  type OnnxDevice,
  onnxDevices,
} from './onnx/runtime/devices.js';
export { type EngineFinding, surveyEngines } from './survey-engines.js';

// Models as files.
export {
  type ExportedInput,
  exportOnnx,
  type ExportOptions,
} from './onnx/export/export-onnx.js';
export {
  type ModelValue,
  openOnnx,
  type OpenModel,
  type OpenOptions,
} from './onnx/export/open-onnx.js';

// What a function costs.
export {
  formatProfile,
  type KindReport,
  profile,
  type Profile,
  type ProfileOptions,
} from './onnx/profile/profile.js';
