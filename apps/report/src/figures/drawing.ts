import { visibleLine } from '@clip-lung/tensor';
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

import { html, Html } from '../page/html.js';

/** What a figure is, for those who do not see it and those who do. */
export interface FigureText {
  /** unlike that of any other figure on the page: letters, digits and hyphens */
  readonly id: string;
  /** what is drawn, of what */
  readonly title: string;
  /** what is to be seen: a sentence or two with the figures that count */
  readonly description: string;
}

/** What of the page's DOM is used here. */
interface SvgElement {
  readonly outerHTML: string;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  querySelectorAll(selector: string): Iterable<SvgElement>;
  prepend(...nodes: readonly SvgElement[]): void;
  remove(): void;
  textContent: string;
}

interface SvgDocument {
  createElementNS(namespace: string, name: string): SvgElement;
}

const { document } = parseHTML('<!doctype html><html></html>') as unknown as {
  readonly document: SvgDocument;
};

const svgNamespace = 'http://www.w3.org/2000/svg';

/** About the width of a phone, so that text is as large there as it says. */
export const figureWidth = 360;

/**
 * Draws a figure as SVG, with its title and description, in the page's colours: `currentColor`, `var(--a)`, `var(--b)`. It needs
 * neither a script nor a style sheet of its own.
 */
export function draw(
  options: Plot.PlotOptions,
  { id, title, description }: FigureText,
): Html {
  const svg = Plot.plot({
    width: figureWidth,
    height: 280,
    marginLeft: 48,
    marginBottom: 42,
    className: 'plot',
    ...options,
    style: { fontSize: '12px' },
    document,
  }) as unknown as SvgElement;
  for (const sheet of svg.querySelectorAll('style')) sheet.remove();
  // All of it is one picture, and told by its title and description.
  for (const part of svg.querySelectorAll('[aria-label]')) {
    part.removeAttribute('aria-label');
  }
  for (const name of ['width', 'height', 'aria-label', 'class']) {
    svg.removeAttribute(name);
  }
  const texts = [
    ['title', title],
    ['desc', description],
  ] as const;
  svg.setAttribute('role', 'img');
  svg.setAttribute(
    'aria-labelledby',
    texts.map(([name]) => `${id}-${name}`).join(' '),
  );
  svg.prepend(
    ...texts.map(([name, text]) => {
      const node = document.createElementNS(svgNamespace, name);
      node.setAttribute('id', `${id}-${name}`);
      node.textContent = visibleLine(text);
      return node;
    }),
  );
  return new Html(svg.outerHTML);
}

const mostCharacters = 14;

/** A name that fits an axis; the table beside the figure has it whole. */
export function shortName(name: string): string {
  const characters = Array.from(visibleLine(name));
  return characters.length <= mostCharacters
    ? characters.join('')
    : `${characters.slice(0, mostCharacters - 1).join('')}…`;
}

/** A figure with its title, and the numbers that it draws. */
export function figureWith(
  svg: Html,
  { title }: Pick<FigureText, 'title'>,
  ...below: readonly Html[]
): Html {
  return html`<figure>
    <figcaption>${title}</figcaption>
    ${svg}${below}
  </figure> `;
}

/** Figures side by side, as many as there is room for. */
export function figures(all: readonly Html[]): Html {
  return html`<div class="figures">${all}</div> `;
}
