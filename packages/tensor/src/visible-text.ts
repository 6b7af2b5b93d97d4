/**
 * Controls (C0, DEL, C1), characters without a form of their own (the marks that turn the direction of a line among them),
 * separators of lines and paragraphs, and halves of surrogate pairs. U+200C and U+200D stay: Persian and Indic words need them.
 */
const unseen = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const named: Readonly<Record<string, string>> = {
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
};

/**
 * A text as one line in which nothing acts: what a terminal would obey, or what would turn or break the line, is written as
 * an escape, `\x1b` or `\u202e`. Of what a file says, a name or an ID, this is what may be shown.
 */
export function visibleLine(text: string): string {
  return text.replaceAll(
    unseen,
    (found) => named[found] ?? escapeOf(found.codePointAt(0) ?? 0),
  );
}

/** {@link visibleLine} of every line of a text whose own line breaks are meant. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visibleLine).join('\n');
}

/** JSON that says the same, and in which nothing acts: what JSON itself leaves alone is written as its escapes. */
export function visibleJson(json: string): string {
  return json.replaceAll(unseen, (found) =>
    Array.from(
      { length: found.length },
      (_, i) => `\\u${hex(found.charCodeAt(i), 4)}`,
    ).join(''),
  );
}

function escapeOf(code: number): string {
  if (code < 0x100) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\u{${code.toString(16)}}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
