import { fileLimits } from './limits.js';

/**
 * Parses a JSON text. What lies deeper than {@link fileLimits} allow is refused: whoever walks through it, a schema among
 * them, would run out of stack.
 *
 * @throws `SyntaxError` for what is not JSON, `RangeError` for what lies too deep
 */
export function parseJsonText(text: string): unknown {
  expectShallow(text);
  return JSON.parse(text) as unknown;
}

function expectShallow(text: string): void {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '"':
        at = endOfString(text, at);
        break;
      case '[':
      case '{':
        depth += 1;
        if (depth > fileLimits.jsonDepth) {
          throw new RangeError(
            `its lists and objects lie more than ${fileLimits.jsonDepth} deep`,
          );
        }
        break;
      case ']':
      case '}':
        depth -= 1;
    }
  }
}

/** The index of the quote that ends a string; that of the last character where none does. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
