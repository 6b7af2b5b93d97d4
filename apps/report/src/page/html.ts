import { visibleLine } from '@clip-lung/tensor';

/** HTML that is put together already. Everything else is text. */
export class Html {
  constructor(readonly text: string) {}
}

export type Content = Html | string | number | null | readonly Content[];

/**
 * HTML of a template. What is put in is text, whatever it says: characters of HTML are escaped, and those that cannot be seen are
 * written out. Only {@link Html} goes in as it is, null as nothing, and a list one after the other.
 */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly Content[]
): Html {
  const inserted = values.map(textOf);
  return new Html(
    parts.map((part, i) => `${part}${inserted[i] ?? ''}`).join(''),
  );
}

function textOf(content: Content): string {
  if (content === null) return '';
  if (content instanceof Html) return content.text;
  if (typeof content === 'number') return String(content);
  if (typeof content === 'string') return escaped(visibleLine(content));
  return content.map(textOf).join('');
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (found) => escapes[found] ?? found);
}

/** A name from a file: whichever way it is written, what stands beside it keeps its place. */
export function named(name: string): Html {
  return html`<bdi>${name}</bdi>`;
}
