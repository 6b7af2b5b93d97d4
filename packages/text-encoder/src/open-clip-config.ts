import { FileFormatError } from '@clip-lung/tensor';
import { z } from 'zod';
import { sizeUpTo, type TowerFileConfig } from './config.js';
import { towerLimits } from './limits.js';

const openClipConfig = z.object({
  model_cfg: z.object({
    embed_dim: sizeUpTo(towerLimits.width),
    quick_gelu: z.boolean().default(false),
    text_cfg: z.object({
      context_length: sizeUpTo(towerLimits.positions).default(77),
      vocab_size: sizeUpTo(towerLimits.vocabulary).default(49408),
      width: sizeUpTo(towerLimits.width).default(512),
      heads: sizeUpTo(towerLimits.width).default(8),
      layers: sizeUpTo(towerLimits.layers).default(12),
      mlp_ratio: z.number().positive().default(4),
      // What would make it another tower than CLIP's.
      hf_model_name: z.undefined().optional(),
      embed_cls: z.literal(false).default(false),
      no_causal_mask: z.literal(false).default(false),
      ls_init_value: z.null().default(null),
      pool_type: z.literal('argmax').default('argmax'),
      proj_type: z.literal('linear').default('linear'),
      proj_bias: z.literal(false).default(false),
    }),
  }),
});

/**
 * Reads an `open_clip_config.json`, as open_clip keeps it beside its weights on the Hugging Face hub.
 *
 * @param json the parsed file
 * @param file the name that errors start with
 * @throws {@link FileFormatError} for models whose text tower is not CLIP's
 * @see https://github.com/mlfoundations/open_clip/blob/main/src/open_clip/model.py (`CLIPTextCfg`)
 */
export function readOpenClipConfig(
  json: unknown,
  file: string,
): TowerFileConfig {
  const parsed = openClipConfig.safeParse(json);
  if (!parsed.success) {
    throw new FileFormatError(
      file,
      `does not describe a CLIP text tower of open_clip:\n${z.prettifyError(parsed.error)}`,
    );
  }
  const { embed_dim: embedding, quick_gelu, text_cfg } = parsed.data.model_cfg;
  const { width, heads, layers, mlp_ratio: ratio } = text_cfg;
  const hidden = Math.floor(width * ratio);
  if (hidden < 1 || hidden > towerLimits.hidden) {
    throw new FileFormatError(
      file,
      `width ${width} and mlp_ratio ${ratio} make ${hidden} units of a layer, expected 1 to ${towerLimits.hidden}`,
    );
  }
  if (width % heads !== 0) {
    throw new FileFormatError(
      file,
      `width ${width} is not a multiple of heads ${heads}`,
    );
  }
  return {
    width,
    layers,
    heads,
    hidden,
    embedding,
    positions: text_cfg.context_length,
    vocabulary: text_cfg.vocab_size,
    activation: quick_gelu ? 'quick_gelu' : 'gelu',
    epsilon: 1e-5,
    projection: true,
    readAt: 'largest-id',
    eotId: null,
  };
}
