import { phantomManufacturer } from '@clip-lung/lidc';

import { type Element, text, uint16 } from './elements.js';
import { encodeFile } from './part10.js';
import { transferSyntaxes } from './transfer-syntax.js';

export interface RadiographNames {
  readonly patientId: string;
  readonly studyUid: string;
  readonly seriesUid: string;
  readonly sopUid: string;
}

const computedRadiography = '1.2.840.10008.5.1.4.1.1.1';
const side = 48;

/** A small grey radiograph without a place in the patient, as folders of CT may hold one. @see DICOM PS3.3 §A.2 */
export function encodeRadiograph(names: RadiographNames): Uint8Array {
  const { sopUid } = names;
  const meta = {
    sopClass: computedRadiography,
    sopUid,
    syntax: transferSyntaxes.explicitLittleEndian,
  };
  return encodeFile(meta, elementsOf(names));
}

function elementsOf(names: RadiographNames): readonly Element[] {
  const pixels = new Uint8Array(2 * side * side);
  for (let i = 0; i < pixels.length; i += 2) pixels[i] = (i / 2) % side;
  return [
    text(0x00080005, 'CS', 'ISO_IR 100'),
    text(0x00080016, 'UI', computedRadiography),
    text(0x00080018, 'UI', names.sopUid),
    text(0x00080020, 'DA', '20000101'),
    text(0x00080030, 'TM', '120000'),
    text(0x00080050, 'SH'),
    text(0x00080060, 'CS', 'CR'),
    text(0x00080070, 'LO', phantomManufacturer),
    text(0x00080090, 'PN'),
    text(0x00100010, 'PN', names.patientId),
    text(0x00100020, 'LO', names.patientId),
    text(0x00100030, 'DA'),
    text(0x00100040, 'CS'),
    text(0x00180015, 'CS', 'CHEST'),
    text(0x00185101, 'CS', 'PA'),
    text(0x0020000d, 'UI', names.studyUid),
    text(0x0020000e, 'UI', names.seriesUid),
    text(0x00200010, 'SH', '1'),
    text(0x00200011, 'IS', 2),
    text(0x00200013, 'IS', 1),
    text(0x00200020, 'CS'),
    uint16(0x00280002, 1),
    text(0x00280004, 'CS', 'MONOCHROME2'),
    uint16(0x00280010, side),
    uint16(0x00280011, side),
    uint16(0x00280100, 16),
    uint16(0x00280101, 12),
    uint16(0x00280102, 11),
    uint16(0x00280103, 0),
    { tag: 0x7fe00010, vr: 'OW', value: pixels },
  ];
}
