import type { ImageEncoder } from '@clip-lung/image-encoder';

import { checkedEncoder } from './checked-modules.js';
import type { ResolvedExperiment } from './experiment.js';
import type { Modules } from './modules.js';

/**
 * Makes the image encoder that an experiment names, held to its sizes.
 *
 * @throws `ExperimentError` when its sizes do not fit together, or do not give D
 */
export function createImageEncoder(
  { embedding, ...image }: ResolvedExperiment['image'],
  modules: Modules,
): ImageEncoder {
  return checkedEncoder(
    modules.image.create(image, { embedding }, 'image'),
    embedding,
    'image',
  );
}
