import { kernels } from '../../src/onnx/kernels/index.js';
import { families } from './cases/index.js';
import { kernelTable } from './kernel-table.js';

/** The table in this package's README. */
export const engineTable = kernelTable({
  // TensorFlow's kernels pass the same suite.
  engines: { onnx: Object.keys(kernels), tensorflow: Object.keys(kernels) },
  families,
});
