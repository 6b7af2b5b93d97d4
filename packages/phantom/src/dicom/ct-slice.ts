import { phantomManufacturer } from '@clip-lung/data';

import { clamp } from '../profile.js';
import type { Scanner } from '../scanner.js';
import type { Vec3 } from '../vector.js';
import {
  type Element,
  encodeElements,
  text,
  uint16,
  uint32,
} from './elements.js';

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
}

const ctImageStorage = '1.2.840.10008.5.1.4.1.1.2';
const explicitLittleEndian = '1.2.840.10008.1.2.1';
const implementation = '2.25.195803217418390651216434150211846903041';

/** The least and the highest HU that 12 bits above −1024 hold. */
const huRange = [-1024, 3071] as const;

/** When every simulated scan was made. */
const scanDate = '20000101';
const scanTime = '120000';

/**
 * A CT slice as a DICOM Part 10 file: the preamble, the file meta group, and the attributes that the CT Image IOD
 * demands, in explicit VR little endian.
 *
 * @see DICOM PS3.10 §7.1 and PS3.3 §A.3
 */
export function encodeCtSlice(slice: CtSlice): Uint8Array {
  const meta = encodeElements([
    { tag: 0x00020001, vr: 'OB', value: Uint8Array.of(0, 1) },
    text(0x00020002, 'UI', ctImageStorage),
    text(0x00020003, 'UI', slice.sopUid),
    text(0x00020010, 'UI', explicitLittleEndian),
    text(0x00020012, 'UI', implementation),
    text(0x00020013, 'SH', 'CLIP-LUNG'),
  ]);
  const parts = [
    new Uint8Array(128),
    Uint8Array.from('DICM', (c) => c.charCodeAt(0)),
    encodeElements([uint32(0x00020000, meta.length)]),
    meta,
    encodeElements([
      ...identity(slice),
      ...acquisition(slice),
      ...image(slice),
    ]),
  ];
  const file = new Uint8Array(
    parts.reduce((total, part) => total + part.length, 0),
  );
  let offset = 0;
  for (const part of parts) {
    file.set(part, offset);
    offset += part.length;
  }
  return file;
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

function acquisition({ scanner, ...slice }: CtSlice): readonly Element[] {
  const z = decimal(slice.position[2]);
  return [
    text(0x00080008, 'CS', 'ORIGINAL', 'PRIMARY', 'AXIAL'),
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
    text(0x00200037, 'DS', 1, 0, 0, 0, 1, 0),
    text(0x00200052, 'UI', slice.frameUid),
    text(0x00201040, 'LO'),
    text(0x00201041, 'DS', z),
  ];
}

function image(slice: CtSlice): readonly Element[] {
  const { storage } = slice.scanner;
  const bits = storage === 'unsigned-12' ? 12 : 16;
  const intercept = storage === 'unsigned-12' ? huRange[0] : 0;
  const spacing = decimal(slice.pixelSpacing);
  return [
    uint16(0x00280002, 1),
    text(0x00280004, 'CS', 'MONOCHROME2'),
    uint16(0x00280010, slice.rows),
    uint16(0x00280011, slice.columns),
    text(0x00280030, 'DS', spacing, spacing),
    uint16(0x00280100, 16),
    uint16(0x00280101, bits),
    uint16(0x00280102, bits - 1),
    uint16(0x00280103, storage === 'unsigned-12' ? 0 : 1),
    text(0x00281050, 'DS', '-600'),
    text(0x00281051, 'DS', '1500'),
    text(0x00281052, 'DS', intercept),
    text(0x00281053, 'DS', 1),
    text(0x00281054, 'LO', 'HU'),
    { tag: 0x7fe00010, vr: 'OW', value: storedPixels(slice.hu, intercept) },
  ];
}

function storedPixels(hu: Int16Array, intercept: number): Uint8Array {
  const bytes = new Uint8Array(2 * hu.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < hu.length; i++) {
    view.setInt16(2 * i, (hu[i] as number) - intercept, true);
  }
  return bytes;
}

/** HU as they are stored: whole numbers within 12 bits. */
export function toHounsfield(value: number): number {
  return clamp(Math.round(value), ...huRange);
}

/** A decimal string of at most 16 characters: mm to 0.1 µm. */
export function decimal(value: number): string {
  return String(Number(value.toFixed(4)));
}
