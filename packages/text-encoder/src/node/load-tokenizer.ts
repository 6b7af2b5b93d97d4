import { join } from 'node:path';
import { FileFormatError, fileLimits, parseJsonText } from '@clip-lung/tensor';
import { readFileUpTo } from '@clip-lung/tensor/node';
import { AutoTokenizer } from '@huggingface/transformers';
import type { TextTowerConfig } from '../config.js';
import { towerLimits } from '../limits.js';
import type { Tokenizer } from '../tokenizer.js';
import { withoutLogs } from './without-logs.js';

/**
 * The tokenizer of a folder, through transformers.js.
 *
 * @param eotId the id of [EOT] that the configuration gives, or null where it does not
 * @throws {@link FileFormatError} when it is no tokenizer of this tower
 */
export async function loadTokenizer(
  folder: string,
  { vocabulary }: TextTowerConfig,
  eotId: number | null,
): Promise<Tokenizer> {
  const file = join(folder, 'tokenizer.json');
  const { tokenizerBytes } = towerLimits;
  await expectJson(file, tokenizerBytes);
  await expectJson(join(folder, 'tokenizer_config.json'), fileLimits.jsonBytes);
  const tokenizer = await loadFrom(folder, file);
  const special = (name: 'bos_token' | 'eos_token'): number => {
    const id: unknown = tokenizer[`${name}_id`];
    if (typeof id === 'number') return id;
    throw new FileFormatError(
      join(folder, 'tokenizer_config.json'),
      `names no ${name} that tokenizer.json knows: is it the tokenizer of a CLIP model?`,
    );
  };
  const [sos, eot] = [special('bos_token'), special('eos_token')];
  // transformers.js looks at much of the file only when it is used.
  const tokensOf = (text: string, special: boolean): readonly number[] => {
    try {
      return tokenizer.encode(text, { add_special_tokens: special });
    } catch (error) {
      throw new FileFormatError(
        file,
        `cannot encode "${text}" (${error instanceof Error ? error.message : String(error)}): it is damaged; download it again`,
        { cause: error },
      );
    }
  };
  const encode = (text: string): readonly number[] => tokensOf(text, false);
  const refuse = (problem: string): never => {
    throw new FileFormatError(
      file,
      `${problem}: the folder has the tokenizer of another model`,
    );
  };
  const sample = 'a nodule';
  const whole = tokensOf(sample, true);
  const expected = [sos, ...encode(sample), eot];
  if (whole.join() !== expected.join()) {
    refuse(
      `encodes "${sample}" as ${whole.join(' ')}, a tokenizer of CLIP as [SOS], tokens, [EOT], ${expected.join(' ')}`,
    );
  }
  const largest = Math.max(...expected);
  if (largest >= vocabulary) {
    refuse(
      `gives the id ${largest}, config.json has a vocabulary of ${vocabulary}`,
    );
  }
  if (eotId !== null && eotId !== eot) {
    refuse(
      `ends texts with the id ${eot}, config.json has eos_token_id ${eotId}`,
    );
  }
  return {
    ...{ sos, eot, encode },
    decode: (id) => tokenizer.decode([id], { skip_special_tokens: false }),
  };
}

/** @throws {@link FileFormatError} for what is too large, too deep or not JSON, before transformers.js reads it */
async function expectJson(file: string, most: number): Promise<void> {
  const bytes = await readFileUpTo(file, most);
  try {
    parseJsonText(bytes);
  } catch (error) {
    throw new FileFormatError(
      file,
      `is not JSON that can be read (${String(error)}); if a download was cut short, delete it and load again`,
      { cause: error },
    );
  }
}

async function loadFrom(
  folder: string,
  file: string,
): ReturnType<typeof AutoTokenizer.from_pretrained> {
  try {
    return await withoutLogs(() =>
      AutoTokenizer.from_pretrained(folder, { local_files_only: true }),
    );
  } catch (error) {
    throw new FileFormatError(
      file,
      `cannot be read by transformers.js (${error instanceof Error ? error.message : String(error)}); if a download was cut short, delete it and load again`,
      { cause: error },
    );
  }
}
