export * from './cpu-engine.js';
export * from './engine.js';
export * from './errors.js';
export {
  availableDevices,
  type DeviceReport,
  type OnnxDevice,
  onnxDevices,
} from './onnx/runtime/devices.js';
export * from './onnx/profile/profile.js';
export * from './onnx/export/export-onnx.js';
export * from './onnx/runtime/onnx-engine.js';
export * from './onnx/export/open-onnx.js';
export * from './tensorflow/tensorflow-engine.js';
