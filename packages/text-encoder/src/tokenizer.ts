/** Turns text into the token ids of a tower. */
export interface Tokenizer {
  /** The ids of a text, without [SOS] and [EOT], neither cut nor padded. */
  encode(text: string): readonly number[];
  /** What a token stands for, to be shown; absent where a tokenizer cannot tell. */
  decode?(id: number): string;
  /** the id that starts every sequence */
  readonly sos: number;
  /** the id that ends every sequence; the tower is read there */
  readonly eot: number;
}

/** Words that prompts about nodules are made of, each one token; every other word is spelled in bytes. */
const words = [
  ...['a', 'an', 'the', 'is', 'of', 'with', 'in', 'and', 'image', 'photo'],
  ...['nodule', 'lung', 'pulmonary', 'ct', 'scan', '.', ','],
  ...['benign', 'unsure', 'malignant', 'malignancy', 'subtlety', 'internal'],
  ...['structure', 'calcification', 'sphericity', 'margin', 'lobulation'],
  ...['spiculation', 'texture'],
];

const bytes = 256;

/** Tokens of a {@link wordTokenizer}: [SOS], [EOT], the words it knows, and each byte within and at the end of a word. */
export const wordVocabulary = 2 + words.length + 2 * bytes;

/**
 * A tokenizer that needs no files: lower-case words and single punctuation marks. Like CLIP's it ignores case and
 * spacing. Different words always get different tokens, because a word that it does not know is spelled in the bytes
 * of its UTF-8 form, the last of them marked.
 */
export function wordTokenizer(): Tokenizer {
  const known = new Map(words.map((word, index) => [word, 2 + index]));
  const spelled = 2 + words.length;
  const encoder = new TextEncoder();
  return {
    sos: 0,
    eot: 1,
    decode(id) {
      if (id === 0) return '[SOS]';
      if (id === 1) return '[EOT]';
      const word = words[id - 2];
      if (word !== undefined) return word;
      const byte = (id - spelled) % bytes;
      return `byte ${byte}${id - spelled < bytes ? '' : ', the last of a word'}`;
    },
    encode(text) {
      const parts = text
        .normalize('NFC')
        .toLowerCase()
        .match(/[\p{L}\p{M}\p{N}]+|[^\s\p{L}\p{M}\p{N}]/gu);
      return (parts ?? []).flatMap((part) => {
        const id = known.get(part);
        if (id !== undefined) return [id];
        const letters = [...encoder.encode(part)];
        return letters.map(
          (byte, at) =>
            spelled + byte + (at === letters.length - 1 ? bytes : 0),
        );
      });
    },
  };
}
