import { describe, expect, it } from 'vitest';

import { storedHash } from '../../test/stored-hash.js';
import { fixture, jsonFixture } from '../../test/synthetic.js';
import { DicomError } from '../errors.js';
import { frameBytes } from './encapsulated.js';
import { readSliceHeader } from './header.js';
import { decodeJpegLossless } from './jpeg-lossless.js';
import { losslessScan } from './jpeg-lossless-scan.js';

const expected = await jsonFixture<Record<string, string>>('lossless.json');

async function file(name: string) {
  const bytes = await fixture(`lossless/${name}.dcm`);
  const header = readSliceHeader(bytes, `${name}.dcm`);
  return { bytes, header, image: frameBytes(header, bytes, 0) };
}

function refuse(problem: string): never {
  throw new DicomError('a.dcm', problem);
}

function scanOf(image: Uint8Array) {
  const { buffer, byteOffset, byteLength } = image;
  return losslessScan(new DataView(buffer, byteOffset, byteLength), refuse);
}

describe('decodeJpegLossless', () => {
  it.each(Object.entries(expected))(
    'decodes %s as DCMTK does, bit for bit',
    async (name, sha256) => {
      const { header, bytes } = await file(name);
      expect(await storedHash(header, bytes)).toBe(sha256);
    },
  );

  it('was given every predictor, point transforms, and restart markers', async () => {
    const names = Object.keys(expected);
    const scans = await Promise.all(
      names.map(async (name) => scanOf((await file(name)).image)),
    );
    const of = (ending: string) =>
      scans.filter((_, i) => names[i]?.endsWith(ending));
    for (let predictor = 1; predictor <= 7; predictor++) {
      expect(of(`-${predictor}`).map((scan) => scan.predictor)).toContain(
        predictor,
      );
    }
    for (const shift of [1, 3]) {
      const shifted = of(`shifted-${shift}`);
      expect(shifted.map((scan) => scan.pointTransform)).toEqual(
        shifted.map(() => shift),
      );
    }
    expect(of('restart').map((scan) => scan.restartRows)).toEqual([2, 2, 2]);
    expect(new Set(scans.map((scan) => scan.precision))).toEqual(
      new Set([8, 12, 16]),
    );
  });

  it('refuses an image that is cut short anywhere', async () => {
    const { image } = await file('unsigned-12-restart');
    // The last byte holds padding bits, and the marker of the end is not needed.
    const needed = image.findLastIndex(
      (byte, i) => byte === 0xff && image[i + 1] === 0xd9,
    );
    for (let length = 2; length < needed - 1; length++) {
      const short = image.subarray(0, length);
      expect(() => decodeJpegLossless(short, refuse), `${length}`).toThrow(
        DicomError,
      );
    }
    expect(decodeJpegLossless(image.subarray(0, needed), refuse)).toEqual(
      decodeJpegLossless(image, refuse),
    );
  });

  it('refuses a restart marker that is not the next one', async () => {
    const { image } = await file('unsigned-16-restart');
    const at = image.findIndex(
      (byte, i) => byte === 0xff && image[i + 1] === 0xd0,
    );
    const damaged = Uint8Array.from(image);
    damaged[at + 1] = 0xd3;
    expect(() => decodeJpegLossless(damaged, refuse)).toThrow(
      /has ffd3 where the restart marker ffd0 was expected/,
    );
  });
});
