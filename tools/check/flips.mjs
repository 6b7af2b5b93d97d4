// Damages files of every kind that is read from other people, and counts what is made of them:
//
//   node tools/check/flips.mjs [kind…] [--flips 300] [--cuts 100] [--seed 1] [--json]
//
// Each kind of file is read 300 times with one bit changed, and 100 times cut short, by the functions that the commands call.
//
// refused   an error that names what is wrong, and nothing else came of it
// told      it was read, and the manifest names the file and what is odd
// same      the result is the one of the whole file: the bit means nothing
// record    another result, under another SHA-256 than a run has on record: whoever opens that run is told
// silent    another result, and not a word. Of what has neither a checksum nor a rule, nobody can know better
// crash     any other error: a fault of ours, with which this ends in an exit status of 1
//
// The packages have to be built. A kind is an entry of `kinds`: the folder that it lies in, and how that is read.
import { createHash } from 'node:crypto';
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { crc32, deflateRawSync } from 'node:zlib';

import {
  decodePixels,
  readSliceHeader,
} from '../../packages/data/dist/index.js';
import {
  prepareDataset,
  noduleMnist3dSource,
  readDataset,
} from '../../packages/data/dist/node/index.js';
import {
  ClipLungError,
  encodeNpy,
  leaves,
  NdArray,
} from '../../packages/tensor/dist/index.js';
import { loadClipTower } from '../../packages/text-encoder/dist/node/index.js';

/**
 * What came of a file: all that a command goes on with, and how often something was told of it.
 *
 * @typedef {{ readonly value: string, readonly told?: number, readonly sha256?: string }} Outcome
 * @typedef {{
 *   readonly name: string,
 *   readonly file: string,
 *   readonly make: (folder: string) => Promise<void>,
 *   readonly read: (folder: string) => Promise<Outcome>,
 * }} Kind
 */

const { values: options, positionals: asked } = parseArgs({
  allowPositionals: true,
  options: {
    flips: { type: 'string', default: '300' },
    cuts: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

const fixtures = fileURLToPath(
  new URL('../../packages/data/fixtures', import.meta.url),
);
const clip = fileURLToPath(
  new URL('../../packages/text-encoder/fixtures/clip', import.meta.url),
);

const digestOf = (/** @type {readonly (string | Uint8Array)[]} */ parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};
const bytesOf = (/** @type {ArrayBufferView} */ view) =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/** @returns {Promise<Outcome>} a folder of files, and what its manifest tells */
async function datasetAt(folder, { counts, warnings, failures }) {
  const names = (await readdir(folder)).sort();
  const parts = await Promise.all(
    // What the manifest says beside the counts is counted as told.
    names
      .filter((name) => name !== 'manifest.json')
      .map((name) => readFile(join(folder, name))),
  );
  const { nodules, scans } = counts;
  return {
    value: digestOf([...parts, `${nodules} ${scans}`]),
    told: (warnings?.length ?? 0) + (failures?.length ?? 0),
  };
}

/** @returns {Promise<Outcome>} */
async function prepared(folder) {
  const out = join(folder, '..', 'out');
  try {
    const input = join(folder, 'scan');
    const manifest = await prepareDataset({ folder: input, out, workers: 1 });
    return await datasetAt(out, manifest);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

/** @returns {Kind} of one scan, a file of which is damaged */
const ofScan = (name, file) => ({
  name,
  file: `scan/${file}`,
  make: (folder) =>
    cp(join(fixtures, 'scan'), join(folder, 'scan'), { recursive: true }),
  read: prepared,
});

/** @returns {Kind} */
const compressed = (name) => ({
  name: `DICOM slice, ${name}`,
  file: 'slice.dcm',
  make: (folder) =>
    cp(join(fixtures, 'compressed', `${name}.dcm`), join(folder, 'slice.dcm')),
  read: async (folder) => {
    const bytes = await readFile(join(folder, 'slice.dcm'));
    const header = readSliceHeader(bytes, 'slice.dcm');
    const hu = await decodePixels(header, bytes);
    const { notes, ...rest } = header;
    return {
      value: digestOf([JSON.stringify(rest), bytesOf(hu)]),
      told: notes?.length ?? 0,
    };
  },
});

/** @returns {Kind} of a prepared dataset, a file of which is damaged */
const ofDataset = (file) => ({
  name: `dataset, ${file}`,
  file,
  make: async (folder) => {
    const out = join(folder, '..', 'made');
    await prepareDataset({ folder: join(fixtures, 'scan'), out, folds: 2 });
    await cp(out, folder, { recursive: true });
    await rm(out, { recursive: true });
  },
  read: async (folder) => {
    const { manifest, nodules, crops } = await readDataset(folder);
    return {
      value: digestOf([
        JSON.stringify([manifest, nodules, crops.shape]),
        bytesOf(crops.data),
      ]),
    };
  },
});

/** @returns {Kind} of a text tower, a file of which is damaged */
const ofTower = (file, { onnx }) => ({
  name: `text tower, ${file}${onnx ? ', beside an ONNX model' : ''}`,
  file,
  make: async (folder) => {
    await cp(clip, folder, { recursive: true });
    if (!onnx) await rm(join(folder, 'onnx'), { recursive: true });
  },
  read: async (folder) => {
    const { config, weights, tokenizer, sha256 } = await loadClipTower(folder);
    const { sos, eot } = tokenizer;
    const tokens = ['a nodule', 'image of benign', 'spiculation', 'x9!'].map(
      (text) => tokenizer.encode(text),
    );
    return {
      sha256,
      value: digestOf([
        JSON.stringify([config, sos, eot, tokens]),
        ...leaves(weights).flatMap(([name, { data }]) => [name, bytesOf(data)]),
      ]),
    };
  },
});

/** @type {readonly Kind[]} */
const kinds = [
  ofScan('DICOM slice, uncompressed', '07.dcm'),
  ...[
    'rle-signed',
    'jpeg-baseline',
    'jpeg-lossless',
    'jpeg-ls',
    'jpeg-2000',
  ].map(compressed),
  ofScan('annotations of LIDC-IDRI', 'scan.xml'),
  {
    name: 'nodulemnist3d.npz',
    file: 'nodulemnist3d.npz',
    make: (folder) => writeFile(join(folder, 'nodulemnist3d.npz'), npz()),
    read: async (folder) => {
      const out = join(folder, '..', 'out');
      try {
        const file = join(folder, 'nodulemnist3d.npz');
        const manifest = await noduleMnist3dSource.prepare({
          input: file,
          out,
          options: {},
        });
        return await datasetAt(out, { ...manifest, warnings: [] });
      } finally {
        await rm(out, { recursive: true, force: true });
      }
    },
  },
  ...[
    'manifest.json',
    'nodules.csv',
    'folds.csv',
    'scans.csv',
    'crops.npy',
  ].map(ofDataset),
  ...[
    'model.safetensors',
    'config.json',
    'tokenizer.json',
    'tokenizer_config.json',
  ].map((file) => ofTower(file, { onnx: false })),
  ofTower('model.safetensors', { onnx: true }),
  ofTower('config.json', { onnx: true }),
];

/** A file like MedMNIST's, of two cubes a part, as numpy.savez_compressed writes it. */
function npz() {
  const local = [];
  const directory = [];
  let at = 0;
  for (const key of ['train', 'val', 'test']) {
    const images = new Uint8Array(2 * 28 ** 3).map((_, i) => (i * i) >> 7);
    for (const [name, array] of [
      ['images', new NdArray('uint8', [2, 28, 28, 28], images)],
      ['labels', new NdArray('uint8', [2, 1], Uint8Array.of(0, 1))],
    ]) {
      const whole = encodeNpy(array);
      const packed = deflateRawSync(whole);
      const entry = Buffer.from(`${key}_${name}.npy`);
      const head = Buffer.alloc(26);
      for (const [place, value] of [
        [0, 20],
        [4, 8],
      ]) {
        head.writeUInt16LE(value, place);
      }
      head.writeUInt32LE(crc32(whole), 10);
      head.writeUInt32LE(packed.length, 14);
      head.writeUInt32LE(whole.length, 18);
      head.writeUInt16LE(entry.length, 22);
      const tail = Buffer.alloc(14);
      tail.writeUInt32LE(at, 10);
      const part = [Buffer.from('PK\x03\x04'), head, entry, packed];
      local.push(...part);
      directory.push(Buffer.from('PK\x01\x02\x14\0'), head, tail, entry);
      at += part.reduce((sum, { length }) => sum + length, 0);
    }
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(6, 8);
  end.writeUInt16LE(6, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...local, listed, end]);
}

/** Numbers below a bound, the same for the same seed. */
function randomFrom(text) {
  let count = 0;
  return (below) =>
    createHash('sha256')
      .update(`${text} ${count++}`)
      .digest()
      .readUIntBE(0, 6) % below;
}

/** @param {Kind} kind */
async function tally({ name, file, make, read }) {
  const parent = await mkdtemp(join(tmpdir(), 'flips-'));
  const folder = join(parent, 'input');
  try {
    await mkdir(folder);
    await make(folder);
    const path = join(folder, file);
    const whole = await readFile(path);
    const expected = await read(folder);
    const counts = {
      refused: 0,
      told: 0,
      same: 0,
      record: 0,
      silent: 0,
      crash: 0,
    };
    const examples = [];
    const attempt = async (damaged, what) => {
      await writeFile(path, damaged);
      const found = await outcome(() => read(folder), expected);
      counts[found.category] += 1;
      if (found.category === 'silent' || found.category === 'crash') {
        examples.push(`${found.category}: ${what} ${found.message}`);
      }
    };
    const random = randomFrom(`${options.seed} ${name}`);
    for (let i = 0; i < Number(options.flips); i++) {
      const damaged = Buffer.from(whole);
      const at = random(whole.length);
      const bit = random(8);
      damaged[at] ^= 1 << bit;
      await attempt(damaged, `bit ${bit} of byte ${at} of ${whole.length}`);
    }
    for (let i = 0; i < Number(options.cuts); i++) {
      const length = random(whole.length);
      await attempt(
        whole.subarray(0, length),
        `cut at byte ${length} of ${whole.length}`,
      );
    }
    return { name, ...counts, examples };
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

async function outcome(read, expected) {
  try {
    const { value, told = 0, sha256 } = await read();
    const category =
      value === expected.value
        ? 'same'
        : told > (expected.told ?? 0)
          ? 'told'
          : sha256 === expected.sha256
            ? 'silent'
            : 'record';
    return { category, message: '' };
  } catch (error) {
    const message = `${error?.constructor?.name}: ${error?.message}`;
    return {
      category: error instanceof ClipLungError ? 'refused' : 'crash',
      message: message.slice(0, 300),
    };
  }
}

const chosen = kinds.filter(
  ({ name }) => asked.length === 0 || asked.some((part) => name.includes(part)),
);
if (chosen.length === 0) {
  console.error(
    `no such kind; there are ${kinds.map(({ name }) => name).join('; ')}`,
  );
  process.exit(2);
}
const results = [];
if (!options.json) {
  console.log('| file | refused | told | same | record | silent | crash |');
  console.log('| ---- | ------: | ---: | ---: | -----: | -----: | ----: |');
}
for (const kind of chosen) {
  const result = await tally(kind);
  results.push(result);
  const { name, refused, told, same, record, silent, crash, examples } = result;
  if (!options.json) {
    console.log(
      `| ${name} | ${refused} | ${told} | ${same} | ${record} | ${silent} | ${crash} |`,
    );
    for (const example of examples.slice(0, 3)) console.error(`  ${example}`);
  }
}
if (options.json) console.log(JSON.stringify(results, null, 2));
process.exitCode = results.some(({ crash }) => crash > 0) ? 1 : 0;
