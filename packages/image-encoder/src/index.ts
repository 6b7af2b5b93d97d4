export type {
  EncoderLayer,
  ImageEncoder,
  ImageEncoderSizes,
  ImageEncoderVariables,
  ImageFeatures,
  LayerHook,
} from './image-encoder.js';
export {
  resnet18,
  resnet34,
  resnet50,
  type ResNetOptions,
  volumeResnet18,
} from './resnet.js';
