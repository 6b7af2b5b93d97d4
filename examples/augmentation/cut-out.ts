import { defineAugmentation, z } from '@clip-lung/model';

/**
 * Sets a box somewhere in the image to 0, so that no one place decides.
 *
 * @see DeVries and Taylor, Improved Regularization of Convolutional Neural Networks with Cutout (arXiv 1708.04552)
 */
export default defineAugmentation({
  name: 'cut-out',
  options: z.strictObject({
    /** of the box, voxels */
    side: z.int().min(1).max(32).default(8),
    probability: z.number().min(0).max(1).default(0.5),
  }),
  create: ({ side, probability }) => ({
    name: 'cut-out',
    kind: 'image',
    change(image, size, random) {
      if (random.uniform() >= probability) return;
      const length = Math.min(side, size);
      const [z, y, x] = [0, 0, 0].map(() => random.integer(size - length + 1));
      if (z === undefined || y === undefined || x === undefined) return;
      for (let i = 0; i < length; i++) {
        for (let j = 0; j < length; j++) {
          const start = ((z + i) * size + y + j) * size + x;
          image.fill(0, start, start + length);
        }
      }
    },
  }),
});
