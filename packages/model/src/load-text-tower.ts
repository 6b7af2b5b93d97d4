import {
  ClipLungError,
  formatShape,
  leaves,
  type NdArray,
  notFiniteProblem,
  sameShape,
} from '@clip-lung/tensor';
import { type TextTower, towerShapes } from '@clip-lung/text-encoder';

import { attributeTemplateFor } from './attribute-template.js';
import { createImageEncoder } from './create-image-encoder.js';
import { ExperimentError, moduleError } from './errors.js';
import type { ResolvedExperiment } from './experiment.js';
import { builtInModules, type Modules } from './modules.js';
import type { TextTowerNeeds } from './modules/text-towers.js';

/**
 * Makes the text tower that an experiment names; null for one without text.
 *
 * @throws {@link ExperimentError} for a tower whose weights are not finite, or not of the shapes that its configuration promises
 */
export async function loadTextTower(
  { text }: ResolvedExperiment,
  {
    modules = builtInModules,
    ...needs
  }: TextTowerNeeds & { readonly modules?: Modules | undefined },
): Promise<TextTower | null> {
  if (text === null) return null;
  const tower = await awaited(modules.text.create(text, needs, 'text'));
  expectWeights(tower);
  return tower;
}

/**
 * The experiment with what its tower decides: D, and the words of the attributes' prompts where their default does not suit its
 * tokenizer. So a run's record says which model was trained, and the part of it that needs no text can be made again without
 * the tower.
 */
export function withTower(
  experiment: ResolvedExperiment,
  tower: TextTower | null,
  modules: Modules = builtInModules,
): ResolvedExperiment {
  if (tower === null) return experiment;
  const { embedding } = tower.config;
  const image = { ...experiment.image, embedding };
  const { sizes } = createImageEncoder(image, modules);
  const { prompt } = experiment;
  return {
    ...experiment,
    image,
    prompt: prompt && {
      ...prompt,
      attributeTemplate: attributeTemplateFor(
        tower,
        String(prompt['attributeTemplate']),
        sizes.groups,
      ),
    },
  };
}

/** What a loader says of itself names the file or the model already; whatever else is thrown gets the field's name. */
async function awaited(
  loading: TextTower | Promise<TextTower>,
): Promise<TextTower> {
  try {
    return await loading;
  } catch (error) {
    if (error instanceof ClipLungError) throw error;
    throw moduleError(error, 'text');
  }
}

function expectWeights({ config, weights, name }: TextTower): void {
  const arrays = leaves<NdArray>(weights);
  const odd = notFiniteProblem(arrays);
  if (odd !== undefined) {
    throw new ExperimentError(
      'text',
      `the tower ${name} is damaged: ${odd}; download it again, or put its weights back`,
    );
  }
  const found = new Map(arrays);
  for (const [name, shape] of towerShapes(config)) {
    const own = found.get(name);
    if (own !== undefined && sameShape(own.shape, shape)) continue;
    throw new ExperimentError(
      'text',
      `its weight "${name}" is ${own === undefined ? 'missing' : formatShape(own.shape)}, expected ${formatShape(shape)} by its configuration`,
    );
  }
}
