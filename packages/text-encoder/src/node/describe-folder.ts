import { readdirSync } from 'node:fs';
import { exportedFiles } from './exported-files.js';

/** Names of files that are listed; of more, only how many. */
const shownFiles = 12;

/** What is in a folder, and in its `onnx`, for an error that says what is missing there. */
export function describeFolder(folder: string): string {
  const files = filesOf(folder);
  if (files.length === 0) return 'it is empty';
  const shown = files.slice(0, shownFiles);
  const rest = files.length - shown.length;
  return `it has ${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

/**
 * What to do with a folder of a CLIP model in another form: one command each, to be run in it.
 *
 * @param lacks the files that it has not
 */
export function adviceFor(
  folder: string,
  lacks: readonly string[],
): readonly string[] {
  const files = filesOf(folder);
  const has = (pattern: RegExp): boolean =>
    files.some((file) => pattern.test(file));
  const without = (name: string): boolean =>
    lacks.some((file) => file.includes(name));
  const advice: string[] = [];
  if (without('model.safetensors')) {
    if (has(/^pytorch_model.*\.bin$/)) {
      advice.push(
        `weights in .bin files are Python pickles, which can run code and are not opened here; this converts them to model.safetensors: cd ${quoted(folder)} && ${converting('pytorch_model*.bin', 'model.safetensors')}`,
      );
    } else if (has(/^open_clip_pytorch_model\.bin$/)) {
      advice.push(
        `weights in .bin files are Python pickles, which can run code and are not opened here; this converts them to open_clip_model.safetensors: cd ${quoted(folder)} && ${converting('open_clip_pytorch_model.bin', 'open_clip_model.safetensors')}`,
      );
    } else if (has(/^model-\d+-of-\d+\.safetensors$/)) {
      advice.push(
        'weights in several files are listed in model.safetensors.index.json: add it',
      );
    } else if (has(/^onnx\/vision_model/) || has(/^onnx\/model/)) {
      advice.push('the text tower alone is onnx/text_model.onnx: add it');
    }
  }
  if (
    without('tokenizer.json') &&
    has(/^vocab\.json$/) &&
    has(/^merges\.txt$/)
  ) {
    advice.push(
      `this makes tokenizer.json from vocab.json and merges.txt: cd ${quoted(folder)} && python -c "from transformers import CLIPTokenizerFast; CLIPTokenizerFast.from_pretrained('.').save_pretrained('.')"`,
    );
  }
  return advice;
}

/** The command that needs no more than torch and safetensors. Tensors that share memory are told apart by copying them. */
function converting(from: string, to: string): string {
  return `python -c "import glob, torch; from safetensors.torch import save_file; save_file({k: v.clone() for f in sorted(glob.glob('${from}')) for k, v in torch.load(f, map_location='cpu', weights_only=True).items()}, '${to}')"`;
}

function filesOf(folder: string): readonly string[] {
  const named = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => name);
  const exported = exportedFiles(folder).map((name) => `onnx/${name}`);
  return [...named.sort(), ...exported.sort()];
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
