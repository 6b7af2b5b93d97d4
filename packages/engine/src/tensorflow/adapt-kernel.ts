import { kernelAdapter } from '../kernel-adapter.js';

export const { adaptKernel, runKernel } = kernelAdapter('tensorflow');
