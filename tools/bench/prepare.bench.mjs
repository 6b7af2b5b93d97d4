// `prepare` on a simulated collection of the size of real scans, against a pipeline in Python that does what such
// pipelines do: read each series whole with pydicom, and sample its nodules' cubes with scipy.
//
// Both are given the same files and the same work: cubes of 32³ at the same places. `prepare` does more: it reads the
// XML, groups the annotations, fills the contours and writes a dataset folder. Each runs in a process of its own, by turns, the
// files being in the system's cache for both.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { readNpy } from '../../packages/tensor/dist/node/index.js';
import { runPython } from './python.mjs';
import { writeCollection } from './prepare-collection.mjs';

const scans = 40;
const slices = 150;
const nodules = 3;
/** One number of scans more, to see whether memory grows with it. */
const few = 10;
/** And scans of small slices, of which there can be many. */
const small = { side: 64, scans: [40, 400] };

export async function run({ note, python }) {
  const folder = await mkdtemp(join(tmpdir(), 'bench-prepare-'));
  try {
    const bytes = scans * slices * 512 * 512 * 2;
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < 1.2 * bytes) {
      throw new Error(
        `${folder}: has ${bavail * bsize} bytes free, the collection takes ${bytes}; set TMPDIR to another place`,
      );
    }
    note(`writing ${scans} scans of ${slices} slices (${gigabytes(bytes)})`);
    const lidc = join(folder, 'lidc');
    await writeCollection(lidc, { scans, slices, nodules });
    const ours = {};
    for (const workers of [1, 2]) {
      note(`prepare, ${workers} ${workers === 1 ? 'thread' : 'threads'}`);
      ours[workers] = await prepare(lidc, join(folder, 'out'), { workers });
    }
    note(`prepare, 2 threads, the first ${few} scans`);
    const part = join(folder, 'part');
    await writeCollection(part, { scans: few, slices, nodules });
    const less = await prepare(part, join(folder, 'few'), { workers: 2 });
    await rm(part, { recursive: true });
    const peaks = [];
    for (const count of small.scans) {
      note(`prepare, 2 threads, ${count} scans of small slices`);
      const { side } = small;
      const many = join(folder, 'many');
      await writeCollection(many, { scans: count, slices, nodules, side });
      const out = join(folder, `small-${count}`);
      const { peakMegabytes } = await prepare(many, out, { workers: 2 });
      peaks.push({ slices: count * slices, peakMegabytes });
      await rm(many, { recursive: true });
    }
    let peer = null;
    if (python !== null) {
      note('pydicom and scipy, whole series');
      peer = await runPython(python, 'bench_prepare.py', [
        lidc,
        join(folder, 'out', 'nodules.csv'),
        join(folder, 'peer.npy'),
      ]);
    }
    // What was fastest in memory may have been slowest to start: once more, now that all is in the cache.
    note('prepare, 2 threads, again');
    const again = await prepare(lidc, join(folder, 'out'), { workers: 2 });
    const best = Math.min(again.seconds, ours[2].seconds);
    return {
      scans,
      slices,
      nodules: scans * nodules,
      bytes,
      ours: { 1: ours[1], 2: ours[2], again, [`first ${few}`]: less },
      python: peer,
      speedUp: peer === null ? null : peer.seconds / best,
      cpuRatio: peer === null ? null : peer.cpuSeconds / ours[1].cpuSeconds,
      megabytesPerScan:
        (ours[2].peakMegabytes - less.peakMegabytes) / (scans - few),
      peaksOfSmallSlices: peaks,
      worstDifferenceHu:
        peer === null ? null : await difference(join(folder, 'out'), peer),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs `prepare` in a process of its own. Bytes read are those asked of the system, from its cache or not. */
async function prepare(folder, out, { workers }) {
  const script = fileURLToPath(new URL('prepare-peer.mjs', import.meta.url));
  const child = spawn(
    process.execPath,
    [script, folder, out, String(workers)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let text = '';
  child.stdout.on('data', (part) => {
    text += part;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`prepare ended with ${code}`);
  return JSON.parse(text);
}

/** The largest difference between the two peers' crops, HU. */
async function difference(out, { crops }) {
  const ours = await readNpy(join(out, 'crops.npy'));
  const theirs = await readNpy(crops);
  if (ours.data.length !== theirs.data.length) return null;
  return ours.data.reduce(
    (worst, hu, i) => Math.max(worst, Math.abs(hu - theirs.data[i])),
    0,
  );
}

export function format(result) {
  const { ours, python, bytes, scans: count } = result;
  const line = (
    name,
    { seconds, cpuSeconds, readBytes, peakMegabytes, scans: n },
  ) =>
    `${name.padEnd(34)} ${(n / seconds).toFixed(1).padStart(7)} scans/s ${cpuSeconds.toFixed(1).padStart(7)} s of CPU ${gigabytes(readBytes).padStart(8)} read ${peakMegabytes.toFixed(0).padStart(6)} MB at most`;
  const lines = [
    `${count} scans of ${result.slices} slices of 512 × 512, ${result.nodules} nodules, ${gigabytes(bytes)}`,
    ...Object.entries(ours).map(([name, value]) =>
      line(`prepare, ${/^\d$/.test(name) ? `${name} threads` : name}`, value),
    ),
  ];
  lines.push(
    `memory grows by ${result.megabytesPerScan.toFixed(2)} MB a scan from ${few} scans on`,
  );
  const peaks = result.peaksOfSmallSlices.map(
    ({ slices, peakMegabytes }) =>
      `${peakMegabytes.toFixed(0)} MB at most for ${slices} slices`,
  );
  lines.push(`of ${small.side} × ${small.side} pixels, ${peaks.join(', ')}`);
  if (python === null) return lines.join('\n');
  lines.push(
    line('pydicom and scipy, whole series', python),
    `${result.speedUp.toFixed(1)} times as fast (2 threads), with one thread ${result.cpuRatio.toFixed(1)} times less CPU; crops at most ${result.worstDifferenceHu} HU apart`,
  );
  return lines.join('\n');
}

function gigabytes(bytes) {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
