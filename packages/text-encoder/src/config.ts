import { FileFormatError } from '@clip-lung/tensor';
import { z } from 'zod';
import { towerLimits } from './limits.js';

/** What distinguishes one CLIP text tower from another. */
export interface TextTowerConfig {
  /** W, the width of the residual stream */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** units of each feed-forward layer, 4·W in every published CLIP */
  readonly hidden: number;
  /** D, the width of the embedding shared with images */
  readonly embedding: number;
  /** the longest sequence, [SOS] and [EOT] included; 77 in every published CLIP */
  readonly positions: number;
  /** rows of the token embedding */
  readonly vocabulary: number;
  /** `quick_gelu` is x·σ(1.702·x), OpenAI's own; `gelu` is exact, by erf */
  readonly activation: 'quick_gelu' | 'gelu';
  /** added to the variance in every layer normalisation */
  readonly epsilon: number;
  /** whether a projection to D follows the last normalisation; without it, D is W */
  readonly projection: boolean;
  /**
   * Where features are read: at the token that ends a text, or at the one with the largest id, which in CLIP's own
   * vocabulary is the same. They differ where tokens were added behind [EOT]: those a tower of the second kind cannot take.
   */
  readonly readAt: 'eot' | 'largest-id';
}

/** A size, no larger than a tower can have it. */
export const sizeUpTo = (most: number): z.ZodInt =>
  z.int().positive().max(most);

const { width, hidden, layers, positions, vocabulary } = towerLimits;

/** What is absent from a file has these values: `transformers` writes only what differs from them. */
const textConfig = z.object({
  hidden_size: sizeUpTo(width).default(512),
  num_hidden_layers: sizeUpTo(layers).default(12),
  num_attention_heads: sizeUpTo(width).default(8),
  intermediate_size: sizeUpTo(hidden).default(2048),
  projection_dim: sizeUpTo(width).default(512),
  max_position_embeddings: sizeUpTo(positions).default(77),
  vocab_size: sizeUpTo(vocabulary).default(49408),
  hidden_act: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
  eos_token_id: z.int().nonnegative().nullish(),
});

const fileConfig = z.discriminatedUnion('model_type', [
  textConfig.extend({
    model_type: z.literal('clip_text_model'),
    architectures: z.array(z.string()).default([]),
  }),
  z.object({
    model_type: z.literal('clip'),
    projection_dim: sizeUpTo(width).default(512),
    text_config: textConfig.prefault({}),
  }),
]);

/** A file's description of a tower, and the id of [EOT] that it gives, to be held against the tokenizer's. */
export interface TowerFileConfig extends TextTowerConfig {
  /** null where the file does not say, as in old ones: there it is the largest id */
  readonly eotId: number | null;
}

/** In files from before 2023, transformers wrote 2, and read the features at the largest id. */
const oldEos = 2;

/**
 * Reads a Hugging Face `config.json` of a `CLIPTextModelWithProjection`, a `CLIPTextModel`, or the text part of a `CLIPModel`.
 *
 * @param json the parsed file
 * @param file the name that errors start with
 * @throws {@link FileFormatError} for another kind of model, and for values that no tower can have
 * @see https://huggingface.co/docs/transformers/model_doc/clip#transformers.CLIPTextConfig
 */
export function readTextTowerConfig(
  json: unknown,
  file: string,
): TowerFileConfig {
  const parsed = fileConfig.safeParse(json);
  if (!parsed.success) {
    throw new FileFormatError(file, problemOf(json, parsed.error));
  }
  const model = parsed.data;
  const text = model.model_type === 'clip' ? model.text_config : model;
  if (text.hidden_size % text.num_attention_heads !== 0) {
    throw new FileFormatError(
      file,
      `hidden_size ${text.hidden_size} is not a multiple of num_attention_heads ${text.num_attention_heads}`,
    );
  }
  const projection =
    model.model_type === 'clip' ||
    !model.architectures.includes('CLIPTextModel');
  const old = text.eos_token_id === oldEos;
  return {
    width: text.hidden_size,
    layers: text.num_hidden_layers,
    heads: text.num_attention_heads,
    hidden: text.intermediate_size,
    // A full CLIP model projects to its own projection_dim, whatever its text part says.
    embedding: projection ? model.projection_dim : text.hidden_size,
    positions: text.max_position_embeddings,
    vocabulary: text.vocab_size,
    activation: text.hidden_act,
    epsilon: text.layer_norm_eps,
    projection,
    readAt: old ? 'largest-id' : 'eot',
    eotId: old ? null : (text.eos_token_id ?? null),
  };
}

/** What a configuration is, and why that is not a CLIP text tower's. */
function problemOf(json: unknown, error: z.ZodError): string {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return 'is not a configuration, which is a JSON object';
  }
  const { model_type: type, architectures } = json as Readonly<
    Record<string, unknown>
  >;
  if (type === 'clip' || type === 'clip_text_model') {
    return `describes a "${type}" with values that a CLIP text tower cannot have:\n${z.prettifyError(error)}`;
  }
  const classes = Array.isArray(architectures)
    ? ` (${architectures.map(String).join(', ')})`
    : '';
  const found =
    type === 'clip_vision_model'
      ? `describes the image half of a CLIP model, "${type}"${classes}`
      : typeof type === 'string'
        ? `describes another model, "${type}"${classes}`
        : `does not say which model it describes${classes}`;
  return `${found}; expected a CLIP text tower, whose model_type is clip or clip_text_model`;
}
