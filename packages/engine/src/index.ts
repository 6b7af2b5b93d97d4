export * from './cpu-engine.js';
export * from './engine.js';
export * from './errors.js';
export {
  availableDevices,
  type DeviceReport,
  type OnnxDevice,
  onnxDevices,
} from './onnx/devices.js';
export * from './onnx/explain.js';
export * from './onnx/export-onnx.js';
export * from './onnx/onnx-engine.js';
export * from './onnx/open-onnx.js';
export * from './tensorflow/tensorflow-engine.js';
