import { phantomManufacturer } from '@clip-lung/lidc';

import type { Scanner } from '../scanner.js';
import type { Vec3 } from '../vector.js';
import { type Element, int16, text, uint16 } from './elements.js';
import { encodeFile } from './part10.js';
import { compressedPixels, encapsulate } from './compressed-pixels.js';
import { type Storage, storages, storedPixels } from './storage.js';
import { type TransferSyntax, transferSyntaxes } from './transfer-syntax.js';

/** Everything about one slice that its file says. */
export interface CtSlice {
  readonly patientId: string;
  readonly scanner: Scanner;
  readonly studyUid: string;
  readonly seriesUid: string;
  readonly frameUid: string;
  readonly sopUid: string;
  /** from 1 */
  readonly instance: number;
  /** patient coordinates of the first pixel's centre, mm */
  readonly position: Vec3;
  readonly columns: number;
  readonly rows: number;
  /** mm */
  readonly pixelSpacing: number;
  /** HU as whole numbers from −1024 to 3071, row-major [rows, columns] */
  readonly hu: Int16Array;
  /** a localiser is a coronal view from the front, and so is an image that was made of a scan; axial unless said */
  readonly view?: keyof typeof views;
  /** explicit VR little endian unless said */
  readonly syntax?: TransferSyntax;
  /** the scanner's unless said */
  readonly storage?: Storage;
  /** which pixels stand for no measurement; of a storage with padding */
  readonly outside?: ((pixel: number) => boolean) | undefined;
}

const pixelData = 0x7fe00010;
const ctImageStorage = '1.2.840.10008.5.1.4.1.1.2';

/** What 12 bits above −1024 hold. */
const lowestHu = -1024;
const highestHu = 3071;

/** Image types, and the directions of a row and of a column of the image. */
const views = {
  axial: {
    type: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
    orientation: [1, 0, 0, 0, 1, 0],
  },
  localizer: {
    type: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'],
    orientation: [1, 0, 0, 0, 0, -1],
  },
  coronal: {
    type: ['DERIVED', 'SECONDARY', 'REFORMATTED'],
    orientation: [1, 0, 0, 0, 0, -1],
  },
} as const;

/** When every simulated scan was made. */
const scanDate = '20000101';
const scanTime = '120000';

/**
 * A CT slice as a DICOM Part 10 file with the attributes that the CT Image IOD demands.
 *
 * @see DICOM PS3.3 §A.3
 */
export async function encodeCtSlice(slice: CtSlice): Promise<Uint8Array> {
  const { sopUid, syntax = transferSyntaxes.explicitLittleEndian } = slice;
  return encodeFile({ sopClass: ctImageStorage, sopUid, syntax }, [
    ...identity(slice),
    ...acquisition(slice),
    ...(await image(slice, syntax)),
  ]);
}

function identity(slice: CtSlice): readonly Element[] {
  return [
    text(0x00080005, 'CS', 'ISO_IR 100'),
    text(0x00080016, 'UI', ctImageStorage),
    text(0x00080018, 'UI', slice.sopUid),
    text(0x00080020, 'DA', scanDate),
    text(0x00080030, 'TM', scanTime),
    text(0x00080050, 'SH'),
    text(0x00080060, 'CS', 'CT'),
    text(0x00080070, 'LO', phantomManufacturer),
    text(0x00080090, 'PN'),
    text(0x00081090, 'LO', slice.scanner.model),
    text(0x00100010, 'PN', slice.patientId),
    text(0x00100020, 'LO', slice.patientId),
    text(0x00100030, 'DA'),
    text(0x00100040, 'CS'),
    text(0x0020000d, 'UI', slice.studyUid),
    text(0x0020000e, 'UI', slice.seriesUid),
    text(0x00200010, 'SH', '1'),
    text(0x00200011, 'IS', 1),
  ];
}

function acquisition({
  scanner,
  view = 'axial',
  ...slice
}: CtSlice): readonly Element[] {
  const z = decimal(slice.position[2]);
  return [
    text(0x00080008, 'CS', ...views[view].type),
    text(0x00080022, 'DA', scanDate),
    text(0x00080023, 'DA', scanDate),
    text(0x00080032, 'TM', scanTime),
    text(0x00080033, 'TM', scanTime),
    text(0x00180050, 'DS', decimal(scanner.sliceThickness)),
    text(0x00180060, 'DS', '120'),
    text(0x00180088, 'DS', decimal(scanner.sliceThickness)),
    text(0x00181210, 'SH', scanner.kernel),
    text(0x00185100, 'CS', 'HFS'),
    text(0x00200012, 'IS', 1),
    text(0x00200013, 'IS', slice.instance),
    text(0x00200032, 'DS', ...slice.position.map(decimal)),
    text(0x00200037, 'DS', ...views[view].orientation),
    text(0x00200052, 'UI', slice.frameUid),
    text(0x00201040, 'LO'),
    text(0x00201041, 'DS', z),
  ];
}

async function image(
  slice: CtSlice,
  { compression }: TransferSyntax,
): Promise<readonly Element[]> {
  const storage: Storage = slice.storage ?? storages[slice.scanner.storage];
  const { bits, signed, slope, intercept, padding } = storage;
  const allocated = bits === 8 ? 8 : 16;
  const spacing = decimal(slice.pixelSpacing);
  const pixels = storedPixels(slice.hu, storage, slice.outside);
  const compressed =
    compression &&
    (await compressedPixels(pixels, slice, storage, compression));
  const ratio = compressed && (pixels.length / compressed.length).toFixed(2);
  return [
    uint16(0x00280002, 1),
    text(0x00280004, 'CS', 'MONOCHROME2'),
    uint16(0x00280010, slice.rows),
    uint16(0x00280011, slice.columns),
    text(0x00280030, 'DS', spacing, spacing),
    uint16(0x00280100, allocated),
    uint16(0x00280101, bits),
    uint16(0x00280102, bits - 1),
    uint16(0x00280103, signed ? 1 : 0),
    ...paddingElements(padding),
    text(0x00281050, 'DS', '-600'),
    text(0x00281051, 'DS', '1500'),
    text(0x00281052, 'DS', intercept),
    text(0x00281053, 'DS', slope),
    text(0x00281054, 'LO', 'HU'),
    ...(ratio !== null && compression === 'jpeg-baseline'
      ? [
          text(0x00282110, 'CS', '01'),
          text(0x00282112, 'DS', ratio),
          text(0x00282114, 'CS', 'ISO_10918_1'),
        ]
      : []),
    compressed
      ? {
          tag: pixelData,
          vr: 'OB',
          value: encapsulate(compressed),
          encapsulated: true,
        }
      : { tag: pixelData, vr: 'OW', value: pixels },
  ];
}

function paddingElements(padding: Storage['padding']): readonly Element[] {
  if (padding === undefined) return [];
  const [from, to] = padding;
  const value = int16(0x00280120, from);
  return from === to ? [value] : [value, int16(0x00280121, to)];
}

/** HU as they are stored: whole numbers within 12 bits. */
export function toHounsfield(value: number): number {
  const whole = Math.floor(value + 0.5);
  return whole < lowestHu ? lowestHu : whole > highestHu ? highestHu : whole;
}

/** A decimal string of at most 16 characters: mm to 0.1 µm. */
export function decimal(value: number): string {
  return String(Number(value.toFixed(4)));
}
