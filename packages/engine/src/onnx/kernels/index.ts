import { convolutionKernels } from './convolution.js';
import { creationKernels } from './creation.js';
import { elementwiseKernels } from './elementwise.js';
import { indexingKernels } from './indexing.js';
import type { KernelTable } from './kernel.js';
import { matMulKernels } from './matmul.js';
import { poolingKernels } from './pooling.js';
import { reductionKernels } from './reduction.js';
import { shapeKernels } from './shape.js';

/** Every tfjs kernel that can be traced. */
export const kernels: KernelTable = {
  ...convolutionKernels,
  ...creationKernels,
  ...elementwiseKernels,
  ...indexingKernels,
  ...matMulKernels,
  ...poolingKernels,
  ...reductionKernels,
  ...shapeKernels,
};
