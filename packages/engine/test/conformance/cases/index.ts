import type { Case } from '../case.js';
import { binaryCases } from './binary.js';
import { constantCases } from './constants.js';
import { convolutionCases } from './convolution.js';
import { imageCases } from './images.js';
import { indexingCases } from './indexing.js';
import { productCases } from './products.js';
import { reductionCases } from './reduction.js';
import { selectionCases } from './selection.js';
import { shapeCases } from './shapes.js';
import { unaryCases } from './unary.js';
import { volumeCases } from './volumes.js';

/** What engines are held against tfjs-cpu with, by family. */
export const families: Readonly<Record<string, readonly Case[]>> = {
  'one tensor, element by element': unaryCases,
  'two tensors, element by element': binaryCases,
  'choosing and converting': selectionCases,
  reductions: reductionCases,
  products: productCases,
  convolutions: convolutionCases,
  images: imageCases,
  volumes: volumeCases,
  shapes: shapeCases,
  indices: indexingCases,
  constants: constantCases,
};
