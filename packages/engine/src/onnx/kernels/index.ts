import { activationKernels } from './activation.js';
import { arithmeticKernels } from './arithmetic.js';
import { blockKernels } from './blocks.js';
import { castKernels } from './cast.js';
import { comparisonKernels } from './comparison.js';
import { convolutionKernels } from './convolution.js';
import { creationKernels } from './creation.js';
import { depthwiseKernels } from './depthwise.js';
import { einsumKernels } from './einsum.js';
import { fusedKernels } from './fused.js';
import { indexingKernels } from './indexing.js';
import { joiningKernels } from './joining.js';
import type { KernelTable } from './kernel.js';
import { matMulKernels } from './matmul.js';
import { normalisationKernels } from './normalisation.js';
import { paddingKernels } from './padding.js';
import { poolingKernels } from './pooling.js';
import { reductionKernels } from './reduction.js';
import { resizeKernels } from './resize.js';
import { scanKernels } from './scan.js';
import { scatterKernels } from './scatter.js';
import { shapeKernels } from './shape.js';
import { sliceKernels } from './slice.js';
import { unaryKernels } from './unary.js';

/** Every tfjs kernel that can be traced. */
export const kernels: KernelTable = {
  ...activationKernels,
  ...arithmeticKernels,
  ...blockKernels,
  ...castKernels,
  ...comparisonKernels,
  ...convolutionKernels,
  ...creationKernels,
  ...depthwiseKernels,
  ...einsumKernels,
  ...fusedKernels,
  ...indexingKernels,
  ...joiningKernels,
  ...matMulKernels,
  ...normalisationKernels,
  ...paddingKernels,
  ...poolingKernels,
  ...reductionKernels,
  ...resizeKernels,
  ...scanKernels,
  ...scatterKernels,
  ...shapeKernels,
  ...sliceKernels,
  ...unaryKernels,
};
