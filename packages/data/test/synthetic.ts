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
}

/** A CT slice as a DICOM Part 10 file, Explicit VR Little Endian. */
export function sliceFile({
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
}: SliceOptions = {}): Uint8Array {
  const short = (value: number) => {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16LE(value);
    return bytes;
  };
  const pixels = Buffer.alloc(pixelBytes);
  for (let i = 0; i < Math.min(rows * columns, pixelBytes >> 1); i++) {
    pixels.writeInt16LE(stored(i % columns, Math.floor(i / columns)), 2 * i);
  }
  const meta = element(0x0002, 0x0010, 'UI', '1.2.840.10008.1.2.1');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.length);
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    element(0x0002, 0x0000, 'UL', length),
    meta,
    ...(imageType ? [element(0x0008, 0x0008, 'CS', imageType.join('\\'))] : []),
    element(0x0008, 0x0018, 'UI', sop),
    element(0x0008, 0x0060, 'CS', modality),
    element(0x0008, 0x0070, 'LO', manufacturer),
    element(0x0010, 0x0020, 'LO', patient),
    element(0x0018, 0x0050, 'DS', String(thickness)),
    element(0x0020, 0x000e, 'UI', series),
    element(0x0020, 0x0032, 'DS', position.join('\\')),
    element(0x0020, 0x0037, 'DS', orientation.join('\\')),
    element(0x0028, 0x0002, 'US', short(1)),
    element(0x0028, 0x0004, 'CS', 'MONOCHROME2'),
    element(0x0028, 0x0010, 'US', short(rows)),
    element(0x0028, 0x0011, 'US', short(columns)),
    element(0x0028, 0x0030, 'DS', spacing.join('\\')),
    element(0x0028, 0x0100, 'US', short(16)),
    element(0x0028, 0x0101, 'US', short(16)),
    element(0x0028, 0x0102, 'US', short(15)),
    element(0x0028, 0x0103, 'US', short(1)),
    element(0x0028, 0x1052, 'DS', '-1024'),
    element(0x0028, 0x1053, 'DS', '1'),
    element(0x7fe0, 0x0010, 'OW', pixels),
  ]);
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
  const item = (tag: string, length: number): Buffer => {
    const head = Buffer.from(`${tag}00000000`, 'hex');
    head.writeUInt32LE(length, 4);
    return head;
  };
  return Buffer.concat([
    bytes.subarray(0, at),
    Buffer.from('e07f10004f420000ffffffff', 'hex'),
    item('feff00e0', 0),
    item('feff00e0', frame.length),
    frame,
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
  if (bytes.length % 2 === 1) {
    const padding = vr === 'UI' || vr === 'OW' ? '\0' : ' ';
    bytes = Buffer.concat([bytes, Buffer.from(padding)]);
  }
  const long = vr === 'OW';
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
