import { parseHTML } from 'linkedom';

export interface SvgNode {
  readonly tagName: string;
  readonly textContent: string;
  readonly parentNode: SvgNode | null;
  getAttribute(name: string): string | null;
  querySelector(selector: string): SvgNode | null;
  querySelectorAll(selector: string): Iterable<SvgNode>;
}

type Point = readonly [x: number, y: number];

/** A drawn figure: its parts, and from pixels to what its own ticks say. */
export interface ReadSvg {
  readonly svg: SvgNode;
  /** the points of a path, in the axes' units */
  readonly pointsOf: (path: SvgNode | undefined) => readonly Point[];
  /** the point at pixels, in the axes' units */
  readonly pointAt: (x: number, y: number) => Point;
}

/** Reads a figure whose axes have at least two ticks with numbers each. */
export function readSvg(text: string): ReadSvg {
  const { document } = parseHTML(text) as unknown as { document: SvgNode };
  const svg = document.querySelector('svg');
  if (svg === null) throw new TypeError('there is no svg');
  const ticks = [...svg.querySelectorAll('text[transform]')].flatMap((node) => {
    const [x, y] = moved(node);
    const value = Number(node.textContent.replace('−', '-'));
    return node.textContent === '' || Number.isNaN(value)
      ? []
      : [{ x, y, value, isOfY: isOfY(node) }];
  });
  const scale = (axis: 'x' | 'y') =>
    scaleOf(
      ticks
        .filter(({ isOfY }) => isOfY === (axis === 'y'))
        .map((tick) => [tick[axis], tick.value]),
    );
  const [toX, toY] = [scale('x'), scale('y')];
  const pointAt = (x: number, y: number): Point => [toX(x), toY(y)];
  return {
    svg,
    pointAt,
    pointsOf: (path) =>
      [
        ...(path?.getAttribute('d') ?? '').matchAll(/(-?[\d.]+),(-?[\d.]+)/g),
      ].map(([, x, y]) => pointAt(Number(x), Number(y))),
  };
}

function scaleOf(
  pairs: readonly (readonly number[])[],
): (at: number) => number {
  const [[p0 = NaN, v0 = NaN] = [], [p1 = NaN, v1 = NaN] = []] = [
    pairs[0],
    pairs.at(-1),
  ];
  return (at) => v0 + ((at - p0) / (p1 - p0)) * (v1 - v0);
}

/** Labels of the y axis end at it; those of the x axis are centred. */
function isOfY({ parentNode }: SvgNode): boolean {
  return parentNode?.getAttribute('text-anchor') === 'end';
}

function moved(node: SvgNode): Point {
  const found = /translate\((-?[\d.]+),\s*(-?[\d.]+)\)/.exec(
    node.getAttribute('transform') ?? '',
  );
  return [Number(found?.[1]), Number(found?.[2])];
}
