import { type Content, html, Html } from './html.js';
import { style } from './style.js';

/** How a report says that it is one, so that no other file is written over. */
export const generator = 'clip-lung report';

/** Nothing is fetched and nothing runs: what a name in a run says cannot change that. */
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

export interface Page {
  readonly title: string;
  /** first on the page: what the figures are of, one for each kind of run; a warning where they mean nothing for patients */
  readonly of: readonly { readonly words: string; readonly warns: boolean }[];
  readonly contents: readonly Link[];
  readonly main: Content;
}

/** A place of the page. */
export interface Link {
  readonly id: string;
  readonly title: string;
  readonly below?: readonly Link[];
}

/** A whole document in one file. Ends with a newline. */
export function page({ title, of, contents, main }: Page): string {
  const links = (all: readonly Link[]): Html =>
    html`<ul>
      ${all.map(
        ({ id, title: name, below = [] }) =>
          html`<li>
            <a href="#${id}">${name}</a>${below.length > 0
              ? links(below)
              : null}
          </li>`,
      )}
    </ul>`;
  return `<!doctype html>
${
  html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta
        http-equiv="Content-Security-Policy"
        content="${new Html(policy)}"
      />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="generator" content="${generator}" />
      <title>${title}</title>
      <style>
        ${new Html(style)}
      </style>
    </head>
    <body>
      <a class="skip" href="#main">Skip to the report</a>
      <header>
        ${of.map(
          ({ words, warns }) =>
            html`<p class="of${warns ? ' warning' : ''}">${words}</p> `,
        )}
        <h1>${title}</h1>
      </header>
      <nav aria-label="Contents">${links(contents)}</nav>
      <main id="main" tabindex="-1">${main}</main>
      <footer>
        <p>
          Made by <code>clip-lung report</code>. Intervals are of 95 %, by
          drawing patients again, unless something else is said.
        </p>
      </footer>
    </body>
  </html>`.text
}
`;
}
