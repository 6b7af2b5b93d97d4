import { fileLimits } from './limits.js';

/**
 * Parses a JSON text, or its bytes, as `JSON.parse` does, but for three things. Bytes have to be UTF-8: in others, a name that was
 * damaged would pass for another name. What lies deeper than {@link fileLimits} allow is refused: whoever walks through it, a
 * schema among them, would run out of stack. And so is an object that gives a key twice: of the two values, one would be
 * dropped without a word.
 *
 * @throws `SyntaxError` for what is not JSON, and with the key and its line for a repeated one; `RangeError` for what lies too
 *   deep
 */
export function parseJsonText(json: string | Uint8Array): unknown {
  const text = typeof json === 'string' ? json : decoded(json);
  expectShallow(text);
  const value: unknown = JSON.parse(text);
  const repeated = repeatedKey(text);
  if (repeated === undefined) return value;
  const line = text.slice(0, repeated.at).split('\n').length;
  throw new SyntaxError(
    `the key ${repeated.key} is given twice in one object, the second time on line ${line}`,
  );
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new SyntaxError('it is not UTF-8 text', { cause: error });
  }
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

/** @param text JSON, as `JSON.parse` has shown */
function repeatedKey(
  text: string,
): { readonly key: string; readonly at: number } | undefined {
  // The keys of the objects that are open; an array has none.
  const open: Set<unknown>[] = [];
  let last = { start: 0, end: 0 };
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '{':
      case '[':
        open.push(new Set());
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case '"':
        last = { start: at, end: endOfString(text, at) + 1 };
        at = last.end - 1;
        break;
      case ':': {
        const key = text.slice(last.start, last.end);
        // "a" and "\u0061" are one key.
        const name: unknown = JSON.parse(key);
        const keys = open.at(-1);
        if (keys?.has(name) === true) return { key, at: last.start };
        keys?.add(name);
      }
    }
  }
  return undefined;
}

/** The index of the quote that ends a string; that of the last character where none does. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
