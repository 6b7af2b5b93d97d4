// Prepares a dataset in this process, and prints what it took: node prepare-peer.mjs <lidc> <out> <threads>
import { readFile } from 'node:fs/promises';

import { prepareDataset } from '../../packages/data/dist/node/index.js';

const [folder = '', out = '', workers = '1'] = process.argv.slice(2);
const start = performance.now();
const { counts } = await prepareDataset({
  folder,
  out,
  workers: Number(workers),
});
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage();
// Linux alone tells how much a process has read.
const io = await readFile('/proc/self/io', 'utf8').catch(() => '');
console.log(
  JSON.stringify({
    seconds,
    cpuSeconds: (user + system) / 1e6,
    scans: counts.scans,
    nodules: counts.nodules,
    readBytes: Number(/rchar: (\d+)/.exec(io)?.[1] ?? NaN),
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
  }),
);
