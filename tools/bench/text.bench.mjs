// CLIP's frozen text tower at the size of ViT-B/16, forward and gradient to the context: ours, and PyTorch.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { float32, leaves, RandomStream } from '@clip-lung/tensor';
import { writeSafetensors } from '@clip-lung/tensor/node';
import { randomTower, tokenEmbeddingName } from '@clip-lung/text-encoder';

import { median } from './timing.mjs';

const nodules = 32;
const contextLength = 4;
const [sos, eot, vocabulary] = [49406, 49407, 49408];

/** What CLIP's tokenizer makes of the default prompts, after the four tokens that the context stands for. */
const suffixes = [
  [2867, 539, 1465, 2326, 269], // image of benign.
  [2867, 539, 26396, 269], // image of unsure.
  [2867, 539, 41122, 773, 269], // image of malignant.
  [533, 1783, 39141, 744, 269], // is subtlety.
  [533, 11285, 5285, 269], // is internal structure.
  [533, 22824, 4523, 269], // is calcification.
  [533, 28909, 1206, 696, 269], // is sphericity.
  [533, 21357, 269], // is margin.
  [533, 549, 2572, 656, 269], // is lobulation.
  [533, 17264, 32896, 269], // is spiculation.
  [533, 16505, 269], // is texture.
];
const ninth = [[533, 41122, 3633, 269]]; // is malignancy.

/** The designs: how many nodules one step takes, since the long ways need gigabytes for a few. */
const designs = {
  ours: { step: nodules, label: 'this' },
  naive: { step: 2, label: 'every prompt at 77 tokens, this engine' },
  published: { step: 2, label: 'published design, PyTorch' },
  best: { step: nodules, label: 'same shortcuts, PyTorch' },
};

/** Writes the tower and the inputs that all peers read. */
async function writeTask(folder) {
  const tower = randomTower({
    seed: 1,
    width: 512,
    layers: 12,
    heads: 8,
    embedding: 512,
  });
  const { width, embedding } = tower.config;
  const random = new RandomStream(1, 'bench-text');
  const draw = (name, deviation, ...shape) => {
    const stream = random.stream(name);
    const bound = deviation * Math.sqrt(3);
    const size = shape.reduce((product, length) => product * length);
    const values = new Float32Array(size);
    for (let i = 0; i < size; i++) values[i] = stream.uniform(-bound, bound);
    return float32(shape, values);
  };
  const weights = leaves(tower.weights).map(([name, array]) => [
    name,
    name === tokenEmbeddingName ? draw(name, 0.02, vocabulary, width) : array,
  ]);
  await writeSafetensors(join(folder, 'tower.safetensors'), weights);
  await writeSafetensors(join(folder, 'inputs.safetensors'), [
    ['context', draw('context', 0.02, nodules, contextLength, width)],
    ['weighting', draw('weighting', 1, suffixes.length, embedding)],
  ]);
  const config = { ...tower.config, vocabulary };
  await writeFile(
    join(folder, 'prompts.json'),
    JSON.stringify({ config, sos, eot, suffixes, ninth }),
  );
}

/** Starts a peer: see the protocol in tools/reference/bench_text.py. */
async function startPeer(name, command, args, step) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const failed = new Promise((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`${name} ended with ${code}`)),
    );
  });
  failed.catch(() => {});
  const lines = createInterface({ input: child.stdout })[
    Symbol.asyncIterator
  ]();
  const answer = async () => {
    const { value } = await Promise.race([lines.next(), failed]);
    return JSON.parse(value);
  };
  const { tokens } = await answer();
  return {
    name,
    step,
    tokens,
    run() {
      child.stdin.write(`run ${step}\n`);
      return answer();
    },
    async end() {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.stdin.end();
      await ended;
    },
  };
}

/** Rounds of all peers by turns, so that whatever else the machine does falls on all alike. The first does not count. */
async function measure(peers, rounds) {
  const runs = new Map(peers.map((peer) => [peer, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const peer of peers) {
      const result = await peer.run();
      if (round > 0) runs.get(peer).push(result);
    }
  }
  return Object.fromEntries(
    peers.map((peer) => {
      const results = runs.get(peer);
      const [{ features, gradient }] = results;
      return [
        peer.name,
        {
          perSecond: (1000 * peer.step) / median(results.map(({ ms }) => ms)),
          cpuSeconds:
            median(results.map(({ cpuMs }) => cpuMs)) / 1000 / peer.step,
          tokens: peer.tokens,
          peakMB: Math.max(...results.map(({ peakMB }) => peakMB)),
          features,
          gradient,
        },
      ];
    }),
  );
}

/** The largest difference, as a part of the largest value. */
function distance(actual, expected) {
  let [difference, largest] = [0, 0];
  expected.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(value - actual[i]));
    largest = Math.max(largest, Math.abs(value));
  });
  return difference / largest;
}

/** Figures are only worth comparing between peers that compute the same. */
function expectAgreement(measured) {
  const { ours, ...others } = measured;
  for (const [name, { features, gradient }] of Object.entries(others)) {
    const errors = [
      distance(ours.features, features),
      distance(ours.gradient, gradient),
    ];
    if (!(errors[0] < 1e-4 && errors[1] < 1e-3)) {
      throw new Error(
        `ours and ${name} do not compute the same: features differ by ${errors[0]}, gradients by ${errors[1]}`,
      );
    }
  }
}

const details = new Map();

/** @returns `{ ours, naive, published, best }`, each `{ perSecond, tokens, peakMB }`; PyTorch's where there is Python */
export async function run({ note, python, wants }) {
  const folder = await mkdtemp(join(tmpdir(), 'bench-text-'));
  const inFolder = (file) => fileURLToPath(new URL(file, import.meta.url));
  const start = (name) => {
    const { step } = designs[name];
    return name === 'ours' || name === 'naive'
      ? startPeer(
          name,
          process.execPath,
          [inFolder('text-peer.mjs'), name, folder],
          step,
        )
      : startPeer(
          name,
          python,
          [inFolder('../reference/bench_text.py'), name, folder],
          step,
        );
  };
  const measured = {};
  try {
    note('writing a tower of the size of ViT-B/16, with random weights');
    await writeTask(folder);
    for (const [names, rounds] of [
      [['ours', 'best'], 7],
      [['naive'], 3],
      [['published'], 3],
    ]) {
      const wanted = names.filter(
        (name) =>
          (name === 'ours' || wants(name)) &&
          (python !== null || name === 'ours' || name === 'naive'),
      );
      if (wanted.length === 0) continue;
      note(`${wanted.join(' and ')}: ${rounds} rounds`);
      const peers = await Promise.all(wanted.map(start));
      Object.assign(measured, await measure(peers, rounds));
      for (const peer of peers) await peer.end();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  expectAgreement(measured);
  return Object.fromEntries(
    Object.keys(designs)
      .filter((name) => name in measured)
      .map((name) => {
        const { perSecond, tokens, peakMB, cpuSeconds } = measured[name];
        details.set(name, cpuSeconds);
        return [name, { perSecond, tokens, peakMB }];
      }),
  );
}

export function format(result) {
  const lines = Object.entries(result).map(
    ([name, { perSecond, tokens, peakMB }]) =>
      [
        designs[name].label.padEnd(40),
        `${perSecond.toFixed(2).padStart(7)} nodules/s`,
        `${String(tokens).padStart(4)} tokens`,
        `${peakMB.toFixed(0).padStart(6)} MB for ${designs[name].step} nodules`,
        `${details.get(name).toFixed(3)} CPU s a nodule`,
        `ours is ${(result.ours.perSecond / perSecond).toFixed(2)}×`,
      ].join('  '),
  );
  return [
    `CLIP's text tower, ViT-B/16: ${suffixes.length} prompts a nodule, T = ${contextLength}, forward and gradient to the context`,
    ...lines,
  ].join('\n');
}
