import { linkSync } from 'node:fs';
import { join } from 'node:path';
import { serialize, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { describe, expect, it } from 'vitest';

import {
  folderOf,
  lidcXml,
  ratingsOf,
  sliceFile,
  square,
  temporaryFolder,
} from '../../../../test/synthetic.js';
import { packFiles } from '../../series/file-list.js';
import { isXml, listFiles } from '../../series/list-files.js';
import { keepHeaders } from '../../scratch/partial-headers.js';
import { keepReadings } from '../../scratch/partial-readings.js';
import { prepareDataset } from './prepare-dataset.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes in use once the collector has been by. */
function inUse(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const regions = [3, 4].map((z) => ({ z, points: square(5, 5, 4) }));
const ratings = ratingsOf();

/** One scan, whose files a preparation needs to go through; and so many more slices and annotation files beside it. */
async function collection(slices: number, annotations: number) {
  const files: Record<string, string | Uint8Array> = {
    'a.xml': lidcXml([[{ ratings, regions }]], '1.2.3'),
    // Links to it are slices of a series that nobody annotated.
    'other/slice.dcm': sliceFile({ series: '1.2.4', sop: '1.2.4.1' }),
  };
  for (let z = 0; z < 8; z++) {
    const position = [0, 0, z];
    files[`${z}.dcm`] = sliceFile({ position, sop: `1.2.3.${z}` });
  }
  for (let i = 0; i < annotations; i++) {
    const many = Array.from({ length: 60 }, (_, z) => ({
      z,
      points: square(5, 5, 20),
    }));
    const text = lidcXml([[{ ratings, regions: many }]], `1.2.5.${i}`);
    files[`xml/${i}.xml`] = text;
  }
  const folder = await folderOf(files);
  for (let i = 0; i < slices; i++) {
    const name = `${String(i).padStart(6, '0')}.dcm`;
    linkSync(join(folder, 'other/slice.dcm'), join(folder, 'other', name));
  }
  return folder;
}

/** The most in use whenever a stage of the preparation is done. */
async function mostInUse(slices: number, annotations: number): Promise<number> {
  const folder = await collection(slices, annotations);
  const out = join(await temporaryFolder(), 'out');
  let most = 0;
  const manifest = await prepareDataset({
    folder,
    out,
    onProgress: ({ done, total }) => {
      if (done === total) most = Math.max(most, inUse());
    },
  });
  expect({ ...manifest.source.counts, ...manifest.counts }).toMatchObject({
    nodules: 1,
    scansWithoutImages: annotations,
    seriesWithoutAnnotations: 1,
  });
  return most;
}

describe('what a thread answers', () => {
  it('does not grow with the slices of a batch', async () => {
    const answer = async (slices: number): Promise<number> => {
      const files = await listFiles(await collection(slices, 0));
      const batch = packFiles(files.filter((file) => !isXml(file)));
      const keep = await temporaryFolder();
      return serialize(keepHeaders({ files: batch, keep })).length;
    };
    // A larger number may take a byte more.
    expect(Math.abs((await answer(100)) - (await answer(10)))).toBeLessThan(8);
  });

  it('does not grow with the contours of a file', async () => {
    const answer = async (count: number): Promise<number> => {
      const many = Array.from({ length: count }, (_, z) => ({
        z,
        points: square(5, 5, 4),
      }));
      const folder = await folderOf({
        'a.xml': lidcXml([[{ ratings, regions: many }]]),
      });
      const files = packFiles(await listFiles(folder));
      const keep = await temporaryFolder();
      return serialize(keepReadings({ files, keep })).length;
    };
    expect(Math.abs((await answer(60)) - (await answer(10)))).toBeLessThan(8);
  });
});

describe('the memory that a preparation keeps', () => {
  it('is some tens of bytes for a slice, and a fraction of its contours for a scan', async () => {
    // The first fills caches. What the collector leaves differs by some hundred KB from run to run.
    await mostInUse(200, 2);
    const few = await mostInUse(1_000, 2);
    const moreSlices = await mostInUse(21_000, 2);
    // With its name and path a slice would take 200 at least, and several hundred with its header.
    expect((moreSlices - few) / 20_000).toBeLessThan(100);
    const moreScans = await mostInUse(1_000, 32);
    // Their contours take 60 KB.
    expect((moreScans - few) / 30).toBeLessThan(30_000);
  }, 60_000);
});
