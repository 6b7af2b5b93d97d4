import { attributes as ofLidc } from '@clip-lung/lidc';

import { attributesIn, wordsFor } from './attribute-names.js';
import type { ResolvedExperiment } from './experiment.js';
import { presets } from './presets.js';

/**
 * The experiment with what its dataset decides: which attributes there are, and what prompts call them. So a run's record says
 * which model was trained, and it can be made again without the dataset. For LIDC-IDRI's eight it says `eight`.
 *
 * @param attributes the dataset's; where it has none, they are LIDC-IDRI's eight, which nothing may ask for
 */
export function withDataset(
  experiment: ResolvedExperiment,
  { attributes }: { readonly attributes: readonly string[] },
): ResolvedExperiment {
  const { data, prompt, preset } = experiment;
  const names = attributesIn(
    data.attributes,
    attributes.length === 0 ? ofLidc : attributes,
  );
  const isLidc =
    names.length === ofLidc.length &&
    names.every((name, m) => name === ofLidc[m]);
  return {
    ...experiment,
    data: {
      ...data,
      attributes:
        data.attributes !== 'dataset'
          ? data.attributes
          : isLidc
            ? 'eight'
            : names,
    },
    prompt: prompt && {
      ...prompt,
      attributeNames:
        prompt['attributeNames'] ??
        wordsFor(names, presets[preset].attributeNames),
    },
  };
}
