import { defineTextTower, z } from '@clip-lung/model';
import { leaves, type NdArray, treeOf } from '@clip-lung/tensor';
import { blockName, randomTower } from '@clip-lung/text-encoder';

/** A tower cut off behind its first layers: less to compute, and another kind of text feature. */
export default defineTextTower({
  name: 'shallow',
  options: z.strictObject({
    /** a folder or a name on the Hugging Face hub; null for random weights */
    model: z.string().nullable().default(null),
    /** how many layers stay */
    layers: z.int().min(1).default(1),
  }),
  // Weights may have to be read first: a text tower may come later.
  async create({ model, layers }, { loadClip }) {
    const whole =
      model === null
        ? randomTower({ seed: 1, layers: 4 })
        : await loadClip(model);
    if (layers > whole.config.layers) {
      throw new RangeError(
        `layers is ${layers}, the tower ${whole.name} has ${whole.config.layers}`,
      );
    }
    const cut = Array.from(
      { length: whole.config.layers - layers },
      (_, i) => `${blockName(layers + i)}.`,
    );
    return {
      ...whole,
      name: `${whole.name}, ${layers} of ${whole.config.layers} layers`,
      config: { ...whole.config, layers },
      weights: treeOf(
        leaves<NdArray<'float32'>>(whole.weights).filter(
          ([path]) => !cut.some((block) => path.startsWith(block)),
        ),
      ),
    };
  },
});
