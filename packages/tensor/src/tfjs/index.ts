export { normalise } from './normalise.js';
export {
  type Hosted,
  type Tensors,
  type TensorTree,
  toHost,
  toTensors,
} from './trees.js';
