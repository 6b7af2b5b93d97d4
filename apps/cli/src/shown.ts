import { visibleJson, visibleLine } from '@clip-lung/tensor';

/** A user's name or password in an address: `https://ada:secret@host` is shown as `https://***@host`. */
const credentials = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'`<>]*@/gi;

/** A line for people. Whatever a file or an address brought into it is only text, and no credentials are in it. */
export function shownLine(text: string): string {
  return visibleLine(withoutCredentials(text));
}

/** A value as JSON for programs: exact, and harmless where it is printed to a terminal. */
export function shownJson(value: unknown): string {
  return visibleJson(withoutCredentials(JSON.stringify(value)));
}

/**
 * The message of an error. A list in it, one item a line, stays one, indented so that no line of it can pass for another
 * message; any other line break has come with what a file says.
 */
export function shownMessage(message: string): string {
  const [first = '', ...items] = message.split(/\n(?= {2}|[-+!≠✖] )/);
  return [first, ...items.map((item) => `  ${item.trim()}`)]
    .map(shownLine)
    .join('\n');
}

function withoutCredentials(text: string): string {
  return text.replaceAll(credentials, '$1***@');
}
