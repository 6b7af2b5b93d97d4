import { describe, expect, it } from 'vitest';

import { fixture, sliceFile, uint16 } from '../../test/synthetic.js';
import { DicomError } from '../errors.js';
import { inflate } from '../node/series/slice-file.js';
import { fileKind } from './file-kind.js';
import { readSliceHeader } from './header.js';
import { isDicom, parseElements } from './parse.js';
import { readPixels } from './pixels.js';

/** Fixtures of the same pixels, in every encoding. */
const encodings = ['implicit', 'explicit', 'big-endian'] as const;
const prefix = 132;

/** Where the data set starts: behind 12 bytes and as many as the first element tells. */
const dataSetAt = (file: Buffer): number => 144 + file.readUInt32LE(140);

function read(bytes: Buffer) {
  const header = readSliceHeader(bytes, 'a.dcm', { inflate });
  const source = { bytes, file: 'a.dcm', fileSize: bytes.length };
  const whole = parseElements(source, { inflate })?.bytes ?? bytes;
  return {
    hu: [...readPixels(header, whole)],
    codes: header.notes.map(({ code }) => code),
  };
}

/** The file with another Transfer Syntax UID. */
function claiming(file: Buffer, uid: string): Buffer {
  const at = file.indexOf(Buffer.from('020010005549', 'hex'));
  const value = Buffer.from(uid.length % 2 === 0 ? uid : `${uid}\0`);
  return Buffer.concat([
    file.subarray(0, at + 6),
    uint16(value.length),
    value,
    file.subarray(at + 8 + file.readUInt16LE(at + 6)),
  ]);
}

describe('a file without its usual beginning', () => {
  it.each(encodings)('is read: no file meta information, %s', async (name) => {
    const file = await fixture(`formats/${name}.dcm`);
    const bare = file.subarray(dataSetAt(file));
    expect(isDicom(bare)).toBe(true);
    expect(read(bare)).toEqual({
      hu: read(file).hu,
      codes: ['transfer-syntax-missing'],
    });
  });

  it.each([
    ['no preamble', (file: Buffer) => file.subarray(128)],
    ['neither preamble nor "DICM"', (file: Buffer) => file.subarray(prefix)],
    [
      'zeros in place of "DICM"',
      (file: Buffer) => Buffer.from(file).fill(0, 128, prefix),
    ],
    [
      'a preamble without "DICM"',
      (file: Buffer) =>
        Buffer.concat([file.subarray(0, 128), file.subarray(prefix)]),
    ],
  ])('is read: %s', async (_, cut) => {
    for (const name of [...encodings, 'deflated']) {
      const file = await fixture(`formats/${name}.dcm`);
      expect(read(cut(file)), name).toEqual({ hu: read(file).hu, codes: [] });
    }
  });

  it('is read without a Transfer Syntax UID', async () => {
    const file = await fixture('formats/explicit.dcm');
    const at = file.indexOf(Buffer.from('020010005549', 'hex'));
    const rest = file.subarray(at + 8 + file.readUInt16LE(at + 6));
    expect(read(Buffer.concat([file.subarray(0, at), rest]))).toEqual({
      hu: read(file).hu,
      codes: ['transfer-syntax-missing'],
    });
  });

  it('is read with a wrong length of its file meta information', async () => {
    const file = Buffer.from(await fixture('formats/implicit.dcm'));
    const { hu } = read(file);
    file.writeUInt32LE(9999, 140);
    expect(read(file)).toEqual({ hu, codes: [] });
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'empty'],
    ['text', Buffer.from('patient,nodule\n'.repeat(99)), 'text'],
    ['XML', Buffer.from(`<?xml version="1.0"?>${'<a/>'.repeat(99)}`), 'XML'],
    ['XML after a byte-order mark', Buffer.from('\ufeff<a/>'), 'XML'],
    ['HTML', Buffer.from('<!DOCTYPE html><p>'), 'an HTML page'],
    [
      'PNG',
      Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
      'a PNG image',
    ],
    ['JPEG', Buffer.from('ffd8ffe000104a464946', 'hex'), 'a JPEG image'],
    ['zeros', Buffer.alloc(4096), 'zeros'],
    [
      'noise',
      Buffer.from(
        Array.from({ length: 4096 }, (_, i) => (i * i * 31 + 7) % 251),
      ),
      'data of an unknown kind',
    ],
    [
      'NIfTI',
      Buffer.concat([Buffer.from('5c010000', 'hex'), Buffer.alloc(344)]),
      'a NIfTI image',
    ],
  ])('is not DICOM for that: %s', (_, bytes, kind) => {
    expect(isDicom(bytes)).toBe(false);
    expect(fileKind(bytes)).toBe(kind);
    expect(() => readSliceHeader(bytes, 'a.dcm')).toThrow(
      `a.dcm: is not a DICOM file: "DICM" is not at byte 128, and it does not begin with DICOM elements; it seems to be ${kind}`,
    );
  });
});

describe('a Transfer Syntax UID that says otherwise than the elements', () => {
  const uids = {
    implicit: '1.2.840.10008.1.2',
    explicit: '1.2.840.10008.1.2.1',
    'big-endian': '1.2.840.10008.1.2.2',
    deflated: '1.2.840.10008.1.2.1.99',
  };
  const pairs = encodings.flatMap((is) =>
    Object.entries(uids).flatMap(([says, uid]) =>
      says === is ? [] : [[says, is, uid] as const],
    ),
  );
  it.each(pairs)('says %s, is %s: is read as it is', async (_, is, uid) => {
    const file = await fixture(`formats/${is}.dcm`);
    expect(read(claiming(file, uid))).toEqual({
      hu: read(file).hu,
      codes: ['transfer-syntax-mismatch'],
    });
  });

  it('is refused where what follows is not a data set', async () => {
    const file = await fixture('formats/deflated.dcm');
    expect(() => read(claiming(file, uids.explicit))).toThrow(
      /^a\.dcm: says that it is in the transfer syntax 1\.2\.840\.10008\.1\.2\.1 \(Explicit VR Little Endian\), but what follows at byte \d+ does not begin like that/,
    );
  });

  it('is refused where pixels are compressed and it does not say how', async () => {
    const file = await fixture('compressed/jpeg-ls.dcm');
    expect(() => read(claiming(file, uids.explicit))).toThrow(
      /has compressed pixels, in items, but the transfer syntax 1\.2\.840\.10008\.1\.2\.1 \(Explicit VR Little Endian\), which has none/,
    );
  });
});

/** A slice with bytes before its Rows. */
function sliceWith(hex: string): Buffer {
  const slice = Buffer.from(sliceFile({ rows: 2, columns: 2 }));
  const at = slice.indexOf(Buffer.from('280010005553', 'hex'));
  const inserted = Buffer.from(hex, 'hex');
  return Buffer.concat([slice.subarray(0, at), inserted, slice.subarray(at)]);
}

describe('elements that are not read', () => {
  const open = 'feff00e0ffffffff';
  const close = 'feff0de000000000';
  const end = 'feffdde000000000';
  const unknown = '21000110554e0000ffffffff';
  const inner = '2100101004000000616263 64'.replace(' ', '');
  const explicitInner = '210010104c4f040061626364';

  it.each([
    ['a private sequence of unknown type, empty', unknown + end],
    ['… with implicit elements', unknown + open + inner + close + end],
    ['… with explicit elements', unknown + open + explicitInner + close + end],
    ['… of items with a length', `${unknown}feff00e00c000000${inner}${end}`],
    [
      '… with another of unknown length inside',
      `${unknown}${open}21002010ffffffff${open}${inner}${close}${end}${close}${end}`,
    ],
    [
      'private bytes that begin as an item does',
      '21000110554e000010000000feff00e0ffffffff0102030405060708',
    ],
    [
      'a private element of unknown length, in fragments',
      `210001104f420000fffffffffeff00e00400000001020304${end}`,
    ],
    ['a private element without a type', '210001100400000061626364'],
    ['a delimiter without a beginning', end],
    [
      'an element that is there twice',
      '2700100055530200010027001000555302000100',
    ],
  ])('are passed over: %s', (_, hex) => {
    expect(read(sliceWith(hex))).toEqual(read(sliceWith('')));
  });

  it('are passed over in an implicit file as well', async () => {
    const file = await fixture('formats/implicit.dcm');
    const at = file.indexOf(Buffer.from('28000200', 'hex'));
    const private1 = `2100011010000000feff00e0ffffffff0102030405060708`;
    const private2 = `21000210ffffffff${open}${inner}${close}${end}`;
    const longer = Buffer.concat([
      file.subarray(0, at),
      Buffer.from(private1 + private2, 'hex'),
      file.subarray(at),
    ]);
    expect(read(longer)).toEqual(read(file));
  });

  it('may be the first, and a sequence, whether the file tells its encoding or not', async () => {
    const file = await fixture('formats/implicit.dcm');
    const at = dataSetAt(file);
    const first = Buffer.from(
      `01000100ffffffff${open}01000100ffffffff${open}${inner}${close}${end}${close}${end}`,
      'hex',
    );
    const longer = Buffer.concat([
      file.subarray(0, at),
      first,
      file.subarray(at),
    ]);
    expect(read(longer)).toEqual(read(file));
    const uid = longer.indexOf(Buffer.from('020010005549', 'hex'));
    const rest = longer.subarray(uid + 8 + longer.readUInt16LE(uid + 6));
    expect(read(Buffer.concat([longer.subarray(0, uid), rest]))).toEqual({
      hu: read(file).hu,
      codes: ['transfer-syntax-missing'],
    });
  });

  it('are refused by name where they are damaged', () => {
    expect(() => read(sliceWith(unknown + inner))).toThrow(
      /\(0021,1010\) lies at byte \d+, where an item of \(0021,1001\) was expected/,
    );
    expect(() =>
      read(sliceWith('2800301044530200310028003010445302003200')),
    ).toThrow(/has the element \(0028,1030\) twice, with two values/);
  });

  it('are passed over behind the pixels', () => {
    const slice = Buffer.from(sliceFile({ rows: 2, columns: 2 }));
    for (const tail of [
      Buffer.from('fcfffcff4f42000004000000', 'hex'),
      Buffer.from('garbage'),
      Buffer.alloc(512),
    ]) {
      expect(read(Buffer.concat([slice, tail]))).toEqual(read(slice));
    }
  });
});

it('is a DicomError that a file which is not DICOM gives', () => {
  expect(() => readSliceHeader(Buffer.from('text'), 'a.dcm')).toThrow(
    DicomError,
  );
});
