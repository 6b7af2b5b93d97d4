// CLIP's frozen text tower at the size of ViT-B/16, forward and gradient to the context: ours, and PyTorch.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { RandomStream } from '@clip-lung/tensor';
import { writeSafetensors } from '@clip-lung/tensor/node';

import { askByTurns, startPeer } from './line-peer.mjs';
import {
  contextLength,
  drawEvenly,
  suffixes,
  writeTower,
} from './prompt-task.mjs';
import { median } from './timing.mjs';

const nodules = 32;

/** The designs: how many nodules one step takes, since the long ways need gigabytes for a few. */
const designs = {
  ours: { step: nodules, label: 'this' },
  naive: { step: 2, label: 'every prompt at 77 tokens, this engine' },
  published: { step: 2, label: 'published design, PyTorch' },
  best: { step: nodules, label: 'same shortcuts, PyTorch' },
};

/** Writes the tower and the inputs that all peers read. */
async function writeTask(folder) {
  const { width, embedding } = await writeTower(folder);
  const random = new RandomStream(1, 'bench-text');
  const draw = (name, deviation, ...shape) =>
    drawEvenly(random, name, deviation, ...shape);
  await writeSafetensors(join(folder, 'inputs.safetensors'), [
    ['context', draw('context', 0.02, nodules, contextLength, width)],
    ['weighting', draw('weighting', 1, suffixes.length, embedding)],
  ]);
}

/** Rounds of all peers by turns. */
async function measure(peers, rounds) {
  const runs = await askByTurns(
    peers,
    (name) => `run ${designs[name].step}`,
    rounds,
  );
  return Object.fromEntries(
    [...runs].map(([name, results]) => {
      const { step } = designs[name];
      const [{ features, gradient }] = results;
      return [
        name,
        {
          perSecond: (1000 * step) / median(results.map(({ ms }) => ms)),
          cpuSeconds: median(results.map(({ cpuMs }) => cpuMs)) / 1000 / step,
          tokens: peers.get(name).about.tokens,
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
  const start = async (name) => [
    name,
    await (name === 'ours' || name === 'naive'
      ? startPeer('text-peer.mjs', [name, folder])
      : startPeer('bench_text.py', [name, folder], python)),
  ];
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
      const peers = new Map(await Promise.all(wanted.map(start)));
      Object.assign(measured, await measure(peers, rounds));
      for (const peer of peers.values()) await peer.end();
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
