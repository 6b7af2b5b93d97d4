import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const fullSide = 512;
const spacing = { column: 0.7, row: 0.7, slice: 1.25 };

/**
 * Writes scans as DICOM (explicit, little-endian) and LIDC XML: noise with bright balls in it, each of which four readers
 * outlined. For speed alone: the phantom is what looks like a lung.
 *
 * @param side pixels; the balls shrink with it
 */
export async function writeCollection(
  folder,
  { scans, slices, nodules, side = fullSide },
) {
  const scale = side / fullSide;
  const noise = new Int16Array(side * side);
  for (let i = 0; i < noise.length; i++) {
    noise[i] = 200 + (Math.imul(i, 2654435761) >>> 24);
  }
  for (let scan = 1; scan <= scans; scan++) {
    const patient = `BENCH-${String(scan).padStart(4, '0')}`;
    const path = join(folder, patient);
    await mkdir(path, { recursive: true });
    const series = `1.2.826.0.1.3680043.8.498.7.${scan}`;
    const balls = Array.from({ length: nodules }, (_, i) => ({
      column: Math.round(scale * (120 + 110 * i + (scan % 100))),
      row: Math.round(scale * (200 + 40 * i)),
      slice: 30 + Math.floor(((slices - 60) * i) / Math.max(1, nodules - 1)),
      radius: scale * (5 + i + (scan % 3)),
    }));
    for (let k = 0; k < slices; k++) {
      const pixels = Int16Array.from(noise);
      for (const ball of balls) paint(pixels, side, ball, k);
      await writeFile(
        join(path, `${String(k + 1).padStart(6, '0')}.dcm`),
        slice({ patient, series, side, k, pixels }),
      );
    }
    await writeFile(join(path, 'annotations.xml'), xml(series, balls));
  }
}

/** Half of the width of a ball's section at a slice, and row, in columns; NaN beside it. */
function reach({ row, slice: middle, radius }, k, y) {
  const dz = (k - middle) * spacing.slice;
  const dy = (y - row) * spacing.row;
  return Math.sqrt(radius ** 2 - dz ** 2 - dy ** 2) / spacing.column;
}

function paint(pixels, side, ball, k) {
  for (let y = 0; y < side; y++) {
    const half = reach(ball, k, y);
    if (Number.isNaN(half)) continue;
    for (let x = Math.ceil(ball.column - half); x <= ball.column + half; x++) {
      pixels[y * side + x] += 800;
    }
  }
}

/** The ring of voxels around a ball's section. */
function outline(ball, k) {
  const rows = [];
  for (let y = ball.row - 60; y <= ball.row + 60; y++) {
    const half = reach(ball, k, y);
    if (Number.isNaN(half)) continue;
    rows.push([
      y,
      Math.ceil(ball.column - half) - 1,
      Math.floor(ball.column + half) + 1,
    ]);
  }
  if (rows.length === 0) return [];
  const first = rows[0];
  const last = rows.at(-1);
  return [
    [ball.column, first[0] - 1],
    ...rows.map(([y, , right]) => [right, y]),
    [ball.column, last[0] + 1],
    ...rows.toReversed().map(([y, left]) => [left, y]),
    [ball.column, first[0] - 1],
  ];
}

const ratings = {
  subtlety: 4,
  internalStructure: 1,
  calcification: 6,
  sphericity: 4,
  margin: 4,
  lobulation: 2,
  spiculation: 2,
  texture: 5,
};

function xml(series, balls) {
  const sessions = [1, 2, 3, 4].map((reader) => {
    const own = balls.map((ball, i) => {
      const rois = [];
      for (let k = ball.slice - 12; k <= ball.slice + 12; k++) {
        const points = outline(ball, k);
        if (points.length === 0) continue;
        const edges = points.map(
          ([x, y]) =>
            `<edgeMap><xCoord>${x}</xCoord><yCoord>${y}</yCoord></edgeMap>`,
        );
        rois.push(
          `<roi><imageZposition>${k * spacing.slice}</imageZposition><imageSOP_UID>${series}.${k + 1}</imageSOP_UID><inclusion>TRUE</inclusion>${edges.join('')}</roi>`,
        );
      }
      const values = Object.entries({ ...ratings, malignancy: reader }).map(
        ([name, value]) => `<${name}>${value}</${name}>`,
      );
      return `<unblindedReadNodule><noduleID>${i}</noduleID><characteristics>${values.join('')}</characteristics>${rois.join('')}</unblindedReadNodule>`;
    });
    return `<readingSession>${own.join('')}</readingSession>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?><LidcReadMessage xmlns="http://www.nih.gov"><ResponseHeader><SeriesInstanceUid>${series}</SeriesInstanceUid></ResponseHeader>${sessions.join('')}</LidcReadMessage>`;
}

function slice({ patient, series, side, k, pixels }) {
  const short = (value) => {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16LE(value);
    return bytes;
  };
  const meta = element(0x0002, 0x0010, 'UI', '1.2.840.10008.1.2.1');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.length);
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    element(0x0002, 0x0000, 'UL', length),
    meta,
    element(0x0008, 0x0018, 'UI', `${series}.${k + 1}`),
    element(0x0008, 0x0060, 'CS', 'CT'),
    element(0x0010, 0x0020, 'LO', patient),
    element(0x0018, 0x0050, 'DS', String(spacing.slice)),
    element(0x0020, 0x000e, 'UI', series),
    element(0x0020, 0x0032, 'DS', `0\\0\\${k * spacing.slice}`),
    element(0x0020, 0x0037, 'DS', '1\\0\\0\\0\\1\\0'),
    element(0x0028, 0x0002, 'US', short(1)),
    element(0x0028, 0x0004, 'CS', 'MONOCHROME2'),
    element(0x0028, 0x0010, 'US', short(side)),
    element(0x0028, 0x0011, 'US', short(side)),
    element(0x0028, 0x0030, 'DS', `${spacing.row}\\${spacing.column}`),
    element(0x0028, 0x0100, 'US', short(16)),
    element(0x0028, 0x0101, 'US', short(16)),
    element(0x0028, 0x0102, 'US', short(15)),
    element(0x0028, 0x0103, 'US', short(1)),
    element(0x0028, 0x1052, 'DS', '-1024'),
    element(0x0028, 0x1053, 'DS', '1'),
    element(0x7fe0, 0x0010, 'OW', Buffer.from(pixels.buffer)),
  ]);
}

function element(group, number, vr, value) {
  let bytes = typeof value === 'string' ? Buffer.from(value) : value;
  if (bytes.length % 2 === 1) {
    bytes = Buffer.concat([bytes, Buffer.from(vr === 'UI' ? '\0' : ' ')]);
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
