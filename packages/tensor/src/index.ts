export { at } from './at.js';
export {
  checkCount,
  ClipLungError,
  FileFormatError,
  OptionShapeError,
  ShapeError,
} from './error.js';
export { firstNotFinite, notFiniteProblem } from './finite.js';
export { widenHalf } from './half.js';
export { fileLimits } from './limits.js';
export {
  arrayFromBytes,
  type DType,
  elementsOf,
  filled,
  float32,
  formatShape,
  int32,
  isDType,
  NdArray,
  sameShape,
  scalar,
  sizeOf,
  typedArrayOf,
  type TypedArrays,
} from './nd-array.js';
export { decodeNpy, encodeNpy, encodeNpyHeader } from './npy.js';
export { RandomStream } from './random.js';
export {
  decodeSafetensors,
  encodeSafetensors,
  expectNoLfsPointer,
  type Safetensors,
} from './safetensors.js';
export { parseJsonText } from './parse-json.js';
export { shellWord } from './shell-word.js';
export { softmax } from './softmax.js';
export {
  fromSpreadsheetCell,
  quotedInSpreadsheets,
  toSpreadsheetCell,
} from './spreadsheet-cell.js';
export {
  isBranch,
  leaves,
  type MapLeaves,
  mapTree,
  type Tree,
  treeOf,
  zipTrees,
} from './tree.js';
export { visibleJson, visibleLine, visibleLines } from './visible-text.js';
export {
  kaimingNormal,
  lookup,
  type Lookup,
  ones,
  startAll,
  uniformWithin,
  type Weight,
  zeros,
} from './weights.js';
