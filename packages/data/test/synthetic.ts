import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { onTestFinished } from 'vitest';

/** A folder that is removed when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'clip-lung-data-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files into a new temporary folder. */
export async function folderOf(
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  return folder;
}

/** A file of the package's `fixtures` folder. */
export function fixture(name: string): Promise<Buffer> {
  return readFile(new URL(`../fixtures/${name}`, import.meta.url));
}

export async function jsonFixture<T>(name: string): Promise<T> {
  return JSON.parse((await fixture(name)).toString()) as T;
}

export interface SliceOptions {
  /** the Transfer Syntax UID that it says it has; its elements are explicit, little-endian all the same */
  readonly syntax?: string;
  readonly sop?: string;
  readonly series?: string;
  readonly patient?: string;
  readonly modality?: string;
  readonly manufacturer?: string;
  /** the values of Image Type; not there by default */
  readonly imageType?: readonly string[];
  readonly position?: readonly number[];
  readonly orientation?: readonly number[];
  readonly spacing?: readonly number[];
  readonly thickness?: number;
  readonly rows?: number;
  readonly columns?: number;
  /** stored value of each voxel; HU + 1024 */
  readonly stored?: (column: number, row: number) => number;
  /** bytes of pixel data in place of the right number */
  readonly pixelBytes?: number;
  /** elements that differ, by tag (`00281052`): the VR and the value, or null for one that is not there */
  readonly elements?: Readonly<Record<string, ElementValue | null>>;
}

export type ElementValue = readonly [vr: string, value: string | Buffer];

/** A CT slice as a DICOM Part 10 file, Explicit VR Little Endian. */
export function sliceFile({
  syntax = '1.2.840.10008.1.2.1',
  sop = '1.2.3.1',
  series = '1.2.3',
  patient = 'P1',
  modality = 'CT',
  manufacturer = 'made up',
  imageType,
  position = [0, 0, 0],
  orientation = [1, 0, 0, 0, 1, 0],
  spacing = [1, 1],
  thickness = 1,
  rows = 24,
  columns = 24,
  stored = () => 0,
  pixelBytes = 2 * rows * columns,
  elements = {},
}: SliceOptions = {}): Uint8Array {
  const pixels = Buffer.alloc(pixelBytes);
  for (let i = 0; i < Math.min(rows * columns, pixelBytes >> 1); i++) {
    pixels.writeInt16LE(stored(i % columns, Math.floor(i / columns)), 2 * i);
  }
  const meta = element(0x0002, 0x0010, 'UI', syntax);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.length);
  const all: Readonly<Record<string, ElementValue | null>> = {
    '00080008': imageType ? ['CS', imageType.join('\\')] : null,
    '00080018': ['UI', sop],
    '00080060': ['CS', modality],
    '00080070': ['LO', manufacturer],
    '00100020': ['LO', patient],
    '00180050': ['DS', String(thickness)],
    '0020000e': ['UI', series],
    '00200032': ['DS', position.join('\\')],
    '00200037': ['DS', orientation.join('\\')],
    '00280002': ['US', uint16(1)],
    '00280004': ['CS', 'MONOCHROME2'],
    '00280010': ['US', uint16(rows)],
    '00280011': ['US', uint16(columns)],
    '00280030': ['DS', spacing.join('\\')],
    '00280100': ['US', uint16(16)],
    '00280101': ['US', uint16(16)],
    '00280102': ['US', uint16(15)],
    '00280103': ['US', uint16(1)],
    '00281052': ['DS', '-1024'],
    '00281053': ['DS', '1'],
    '7fe00010': ['OW', pixels],
    ...elements,
  };
  const written = Object.entries(all)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([tag, value]) => {
      const [group, number] = [tag.slice(0, 4), tag.slice(4)];
      return value
        ? [element(parseInt(group, 16), parseInt(number, 16), ...value)]
        : [];
    });
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    element(0x0002, 0x0000, 'UL', length),
    meta,
    ...written,
  ]);
}

/** The value of an unsigned number (US). */
export function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

/** The same slice in RLE Lossless: as one fragment, in packets that copy. */
export function asRle(slice: Uint8Array): Uint8Array {
  const bytes = Buffer.from(slice);
  // The two syntaxes' UIDs have the same length.
  bytes.write('1.2.840.10008.1.2.5', bytes.indexOf('1.2.840.10008.1.2.1'));
  const at = bytes.indexOf(Buffer.from('e07f10004f57', 'hex'));
  const pixels = bytes.subarray(at + 12);
  const segments = [1, 0].map((byte) => {
    const packets: number[] = [];
    for (let i = byte; i < pixels.length; i += 256) {
      const part = [...pixels.subarray(i, i + 256)].filter(
        (_, k) => k % 2 === 0,
      );
      packets.push(part.length - 1, ...part);
    }
    return Buffer.from(packets.length % 2 === 0 ? packets : [...packets, 128]);
  });
  const header = Buffer.alloc(64);
  header.writeUInt32LE(2, 0);
  header.writeUInt32LE(64, 4);
  header.writeUInt32LE(64 + (segments[0]?.length ?? 0), 8);
  const frame = Buffer.concat([header, ...segments]);
  return Buffer.concat([bytes.subarray(0, at), encapsulated(frame)]);
}

/** A slice whose pixels are a compressed image, of so many bits a pixel. */
export function compressedSlice(
  { elements = {}, ...options }: SliceOptions,
  {
    syntax,
    image,
    bits,
  }: {
    readonly syntax: string;
    readonly image: Uint8Array;
    readonly bits: number;
  },
): Uint8Array {
  const slice = sliceFile({
    ...options,
    syntax,
    elements: {
      ...elements,
      '00280100': ['US', uint16(bits)],
      '00280101': ['US', uint16(bits)],
      '00280102': ['US', uint16(bits - 1)],
      '00280103': ['US', uint16(0)],
      '7fe00010': null,
    },
  });
  return Buffer.concat([slice, encapsulated(image)]);
}

/** Pixel Data of one fragment. */
function encapsulated(frame: Uint8Array): Buffer {
  const item = (tag: string, length: number): Buffer => {
    const head = Buffer.from(`${tag}00000000`, 'hex');
    head.writeUInt32LE(length, 4);
    return head;
  };
  const padding = Buffer.alloc(frame.length % 2);
  return Buffer.concat([
    Buffer.from('e07f10004f420000ffffffff', 'hex'),
    item('feff00e0', 0),
    item('feff00e0', frame.length + padding.length),
    frame,
    padding,
    item('feffdde0', 0),
  ]);
}

function element(
  group: number,
  number: number,
  vr: string,
  value: string | Buffer,
): Buffer {
  let bytes = typeof value === 'string' ? Buffer.from(value) : value;
  const long = ['OW', 'OB', 'OF', 'SQ', 'UN'].includes(vr);
  if (bytes.length % 2 === 1) {
    const padding = vr === 'UI' || long ? '\0' : ' ';
    bytes = Buffer.concat([bytes, Buffer.from(padding)]);
  }
  const head = Buffer.alloc(long ? 12 : 8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(number, 2);
  head.write(vr, 4, 'latin1');
  if (long) head.writeUInt32LE(bytes.length, 8);
  else head.writeUInt16LE(bytes.length, 6);
  return Buffer.concat([head, bytes]);
}

export interface NoduleOptions {
  readonly ratings?: Readonly<Record<string, number>> | undefined;
  readonly regions?: readonly RegionOptions[];
  readonly id?: string;
}

export interface RegionOptions {
  readonly z: number;
  readonly sop?: string;
  readonly inclusion?: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Nine ratings, all 3 but for the given ones. */
export function ratingsOf(
  given: Readonly<Record<string, number>> = {},
): Record<string, number> {
  return {
    subtlety: 3,
    internalStructure: 1,
    calcification: 6,
    sphericity: 3,
    margin: 3,
    lobulation: 3,
    spiculation: 3,
    texture: 3,
    malignancy: 3,
    ...given,
  };
}

/** An annotation file: a list of nodules for each reading session. */
export function lidcXml(
  sessions: readonly (readonly NoduleOptions[])[],
  series = '1.2.3',
): string {
  const text = sessions.map((nodules) => {
    const own = nodules.map(noduleXml).join('');
    return `<readingSession>${own}</readingSession>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<LidcReadMessage xmlns="http://www.nih.gov"><ResponseHeader>
<SeriesInstanceUid>${series}</SeriesInstanceUid></ResponseHeader>
${text.join('\n')}</LidcReadMessage>`;
}

function noduleXml({ ratings, regions = [], id = '1' }: NoduleOptions): string {
  const values = Object.entries(ratings ?? {}).map(
    ([name, value]) => `<${name}>${value}</${name}>`,
  );
  const rois = regions.map(({ z, sop = '', inclusion = true, points }) => {
    const edges = points.map(
      ([x, y]) =>
        `<edgeMap><xCoord>${x}</xCoord><yCoord>${y}</yCoord></edgeMap>`,
    );
    const uid = sop === '' ? '' : `<imageSOP_UID>${sop}</imageSOP_UID>`;
    return `<roi><imageZposition>${z}</imageZposition>${uid}<inclusion>${inclusion ? 'TRUE' : 'FALSE'}</inclusion>${edges.join('')}</roi>`;
  });
  const characteristics = ratings
    ? `<characteristics>${values.join('')}</characteristics>`
    : '';
  return `<unblindedReadNodule><noduleID>${id}</noduleID>${characteristics}${rois.join('')}</unblindedReadNodule>`;
}

/** The outline of a square whose inside is `inner` voxels wide, from (x, y) on. */
export function square(
  x: number,
  y: number,
  inner: number,
): (readonly [number, number])[] {
  const side = inner + 1;
  const points: [number, number][] = [];
  for (let i = 0; i < side; i++) points.push([x + i, y]);
  for (let i = 0; i < side; i++) points.push([x + side, y + i]);
  for (let i = 0; i < side; i++) points.push([x + side - i, y + side]);
  for (let i = 0; i < side; i++) points.push([x, y + side - i]);
  return points;
}
