import { at } from '@clip-lung/tensor';

import { type Content, html, type Html } from './html.js';

export interface HtmlTable {
  /** what the table holds, in words; also its name for a screen reader */
  readonly caption: string;
  /** titles; the first column names the rows */
  readonly columns: readonly Content[];
  /** a cell for each column */
  readonly rows: readonly (readonly Content[])[];
  /** columns of words, set flush left, counted from 0; the first always is. Default: none */
  readonly words?: readonly number[];
}

/** A table that scrolls by itself, with the keyboard too, where the page is narrower. */
export function table({ caption, columns, rows, words = [] }: HtmlTable): Html {
  const cell = (content: Content, column: number): Html => {
    if (column === 0) return html`<th scope="row">${content}</th>`;
    return words.includes(column)
      ? html`<td class="words">${content}</td>`
      : html`<td>${content}</td>`;
  };
  const title = (content: Content, column: number): Html =>
    column === 0 || words.includes(column)
      ? html`<th scope="col" class="words">${content}</th>`
      : html`<th scope="col">${content}</th>`;
  return html`<div
    class="wide"
    role="group"
    tabindex="0"
    aria-label="${caption}"
  >
    <table>
      <caption>
        <span>${caption}</span>
      </caption>
      <thead>
        <tr>
          ${columns.map(title)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${columns.map((_title, i) => cell(at(row, i, 'cells'), i))}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** What can be opened by whoever wants it. */
export function details(summary: string, content: Content): Html {
  return html`<details>
    <summary>${summary}</summary>
    ${content}
  </details>`;
}
