import { html, type Html, Html as Made } from '../page/html.js';

export interface KeyEntry {
  readonly text: string;
  readonly colour: 'a' | 'b' | 'ink';
  readonly dashed?: boolean;
}

/** What the lines of a figure are; they differ by dashes, too, where there are no colours. */
export function key(entries: readonly KeyEntry[]): Html {
  return html`<ul class="key">
    ${entries.map(({ text, colour, dashed = false }) => {
      const stroke = colour === 'ink' ? 'currentColor' : `var(--${colour})`;
      const line = new Made(
        `<svg viewBox="0 0 32 12" aria-hidden="true"><path d="M0,6H32" stroke="${stroke}" stroke-width="2.5"${dashed ? ' stroke-dasharray="6 4"' : ''}/></svg>`,
      );
      return html`<li>${line} ${text}</li>`;
    })}
  </ul>`;
}
