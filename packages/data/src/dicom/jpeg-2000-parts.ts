import { limits } from '../limits.js';

type Refuse = (problem: string) => never;

const codingStyle = 0xff52;
const componentStyle = 0xff53;
const startOfTile = 0xff90;
const startOfData = 0xff93;

/**
 * Holds the parts that a JPEG 2000 image of one component divides itself into to the limits: tiles, precincts, code-blocks, and quality
 * layers. A few bytes say how many there are, and its decoder takes memory for all of them before it looks for their data.
 *
 * @see ITU-T T.800 §A.4.2 (SOT), §A.5.1 (SIZ), §A.6.1 (COD), §A.6.2 (COC), §B.6 and §B.7
 */
export function expectFewParts(image: Uint8Array, refuse: Refuse): void {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const cutShort = (): never =>
    refuse('is cut short: its JPEG 2000 image ends before its pixels');
  if (view.byteLength < 43) return cutShort();
  const tile = tileOf(view, refuse);
  let at = 2;
  let tileEnd = view.byteLength;
  while (at + 4 <= view.byteLength) {
    const marker = view.getUint16(at);
    if (marker === startOfData) {
      // The next tile-part starts where this one ends.
      at = tileEnd;
      continue;
    }
    if (marker === startOfTile) {
      if (at + 12 > view.byteLength) return cutShort();
      const length = view.getUint32(at + 6);
      tileEnd = length === 0 ? view.byteLength : at + Math.max(length, 14);
    }
    const length = view.getUint16(at + 2);
    const end = at + 2 + length;
    if (marker < 0xff00 || length < 2 || end > view.byteLength) return;
    const body = image.subarray(at + 4, end);
    // COD has five bytes before the levels, and COC, of one component, two.
    if (marker === codingStyle) {
      const layers = body.length < 3 ? 0 : view.getUint16(at + 6);
      expectFewBlocks(body, 5, layers, tile, refuse);
    } else if (marker === componentStyle) {
      expectFewBlocks(body.subarray(1), 1, 0, tile, refuse);
    }
    at = end;
  }
}

/** The size of a whole tile, or of the image, if that is smaller; and how many tiles there are. */
interface Tile {
  readonly width: number;
  readonly height: number;
  readonly count: number;
}

function tileOf(view: DataView, refuse: Refuse): Tile {
  const along = (at: number): readonly [size: number, count: number] => {
    const end = view.getUint32(at);
    const start = view.getUint32(at + 8);
    const size = view.getUint32(at + 16);
    const first = view.getUint32(at + 24);
    return [Math.min(size, end - start), Math.ceil((end - first) / size)];
  };
  const [width, across] = along(8);
  const [height, down] = along(12);
  const count = across * down;
  if (!(count >= 1 && count <= limits.tiles)) {
    refuse(
      `its JPEG 2000 image has ${across} × ${down} tiles, expected 1 to ${limits.tiles}`,
    );
  }
  return { width, height, count };
}

/** @param levelsAt the byte with the number of decomposition levels; the first one says whether sizes of precincts follow */
function expectFewBlocks(
  body: Uint8Array,
  levelsAt: number,
  layers: number,
  { width, height, count }: Tile,
  refuse: Refuse,
): void {
  const byte = (at: number): number =>
    body[at] ??
    refuse(
      `is damaged: a coding style of its JPEG 2000 image has ${body.length} bytes, expected more than ${at}`,
    );
  const levels = byte(levelsAt);
  const blockWidth = 2 ** ((byte(levelsAt + 1) & 15) + 2);
  const blockHeight = 2 ** ((byte(levelsAt + 2) & 15) + 2);
  const hasPrecincts = (byte(0) & 1) === 1;
  let blocks = 0;
  let precincts = 0;
  for (let level = 0; level <= Math.min(levels, 32); level++) {
    const size = hasPrecincts ? byte(levelsAt + 5 + level) : 0xff;
    const [right, below] = [2 ** (size & 15), 2 ** (size >> 4)];
    // Resolution 0 is the smallest; of the others, three sub-bands have half its sides each.
    const scale = 2 ** (levels - level);
    const [across, down] = [width / scale, height / scale];
    const inLevel = parts(across, right) * parts(down, below);
    precincts = Math.max(precincts, inLevel);
    const within =
      (level === 0 ? 1 : 3) *
      parts(across, Math.min(right, 2 * blockWidth)) *
      parts(down, Math.min(below, 2 * blockHeight));
    blocks += inLevel + within;
  }
  const packets = precincts * (levels + 1) * (layers + 1);
  if (blocks * count > limits.codeBlocks || packets * count > limits.packets) {
    refuse(
      `its JPEG 2000 image has about ${blocks * count} code-blocks and ${packets * count} packets, expected at most ${limits.codeBlocks} and ${limits.packets}`,
    );
  }
}

function parts(length: number, part: number): number {
  return Math.max(1, Math.ceil(length / part));
}
