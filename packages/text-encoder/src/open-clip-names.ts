import { at, NdArray } from '@clip-lung/tensor';
import {
  blockName,
  finalNormName,
  positionEmbeddingName,
  projectionName,
  tokenEmbeddingName,
} from './tower.js';
import { transposed } from './transposed.js';

type Named = readonly [name: string, array: NdArray];

/** `CustomTextCLIP` of open_clip keeps its text tower under `text.`; `CLIP`, as OpenAI's, at the top. */
const prefix = /^text\.(?=transformer\.|token_|positional_|ln_final\.|text_)/;
const blockPart = /^transformer\.resblocks\.(\d+)\.(.+)$/;

/** What such a file holds besides the text tower's weights; `attn_mask` is a buffer, the sizes are of OpenAI's files. */
const beside =
  /^(text\.)?(visual\..*|logit_scale|logit_bias|attn_mask|input_resolution|context_length|vocab_size)$/;

const names: Readonly<Record<string, string>> = {
  'token_embedding.weight': tokenEmbeddingName,
  positional_embedding: positionEmbeddingName,
  'ln_final.weight': `${finalNormName}.weight`,
  'ln_final.bias': `${finalNormName}.bias`,
  'text_projection.weight': projectionName,
};

const partNames: Readonly<Record<string, string>> = {
  ln_1: 'layer_norm1',
  ln_2: 'layer_norm2',
  'attn.out_proj': 'self_attn.out_proj',
  'mlp.c_fc': 'mlp.fc1',
  'mlp.c_proj': 'mlp.fc2',
};

/** Whether arrays are named as open_clip and OpenAI name a text tower's. */
export function hasOpenClipNames(names: Iterable<string>): boolean {
  return [...names].some((name) => blockPart.test(name.replace(prefix, '')));
}

/**
 * Arrays under Hugging Face's names, out of those of open_clip and of OpenAI: queries, keys and values are one product
 * there, and the text projection is a matrix [W, D]. Names that no text tower has stay as they are.
 */
export function fromOpenClipNames(tensors: Iterable<Named>): Named[] {
  return [...tensors].flatMap(([given, array]): readonly Named[] => {
    if (beside.test(given)) return [];
    const name = given.replace(prefix, '');
    if (name === 'text_projection' && array.is('float32')) {
      return array.shape.length === 2
        ? [[projectionName, transposed(array)]]
        : [[projectionName, array]];
    }
    const own = names[name];
    if (own !== undefined) return [[own, array]];
    const [, layer, part = ''] = blockPart.exec(name) ?? [];
    if (layer === undefined) return [[given, array]];
    const block = blockName(Number(layer));
    const joint = /^attn\.in_proj_(weight|bias)$/.exec(part)?.[1];
    if (joint !== undefined && isInThirds(array)) {
      return thirds(array).map((third, i) => [
        `${block}.self_attn.${'qkv'.charAt(i)}_proj.${joint}`,
        third,
      ]);
    }
    const [, module = '', kind = ''] = /^(.+)\.(weight|bias)$/.exec(part) ?? [];
    const renamed = partNames[module];
    return [
      renamed === undefined
        ? [given, array]
        : [`${block}.${renamed}.${kind}`, array],
    ];
  });
}

function isInThirds({ shape }: NdArray): boolean {
  return shape.length > 0 && at(shape, 0) % 3 === 0;
}

/** An array cut in three along its first axis, as views. */
function thirds(array: NdArray): NdArray[] {
  const rows = at(array.shape, 0);
  const rest = array.shape.slice(1);
  const size = array.data.length / 3;
  return [0, 1, 2].map(
    (i) =>
      new NdArray(
        array.dtype,
        [rows / 3, ...rest],
        array.data.subarray(i * size, (i + 1) * size),
      ),
  );
}
