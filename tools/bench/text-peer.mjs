// One peer of the benchmark `text` in a process of its own, so that its memory is its own:
// `node text-peer.mjs <ours | naive> <folder>`. The protocol is that of tools/reference/bench_text.py.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { onnxEngine } from '@clip-lung/engine';
import { NdArray, treeOf } from '@clip-lung/tensor';
import { readSafetensors } from '@clip-lung/tensor/node';
import {
  createNaiveEncoder,
  createPromptEncoder,
} from '@clip-lung/text-encoder';
import * as tf from '@tensorflow/tfjs-core';

const [design, folder] = process.argv.slice(2);
const read = (name) => readSafetensors(join(folder, name));
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const { config, sos, eot, suffixes } = JSON.parse(
  readFileSync(join(folder, 'prompts.json'), 'utf8'),
);
const tower = {
  kind: 'random',
  name: 'benchmark',
  config,
  weights: treeOf((await read('tower.safetensors')).tensors),
  tokenizer: { sos, eot, encode: () => [] },
  sha256: null,
};
const inputs = (await read('inputs.safetensors')).tensors;
const context = inputs.get('context');
const [, contextLength, width] = context.shape;
const slots = Array.from({ length: contextLength }, (_, slot) => ({ slot }));
const prompts = suffixes.map((suffix) => ({
  text: suffix.join(' '),
  items: [...slots, ...suffix.map((token) => ({ token }))],
}));
const encoder =
  design === 'ours'
    ? createPromptEncoder(tower, prompts)
    : createNaiveEncoder(tower, prompts);

const step = ({ frozen, inputs: { context, weighting } }) => {
  const { value: features, grad: gradient } = tf.valueAndGrad((vectors) =>
    encoder.encode(frozen, vectors),
  )(context, tf.tile(tf.expandDims(weighting, 0), [context.shape[0], 1, 1]));
  return { outputs: { features, gradient } };
};
const engine = onnxEngine();
const compiled = engine.compile(step, { frozen: encoder.frozen });
const state = engine.state({});

say({
  tokens:
    design === 'ours'
      ? encoder.packed.length - encoder.packed.sharedTokens.length // [SOS] is computed once for all nodules
      : prompts.length * config.positions,
});
for await (const line of createInterface({ input: process.stdin })) {
  const nodules = Number(line.split(' ')[1]);
  const rows = contextLength * width;
  const given = {
    context: new NdArray(
      'float32',
      [nodules, contextLength, width],
      context.data.subarray(0, nodules * rows),
    ),
    weighting: inputs.get('weighting'),
  };
  const start = performance.now();
  const before = process.cpuUsage();
  const { features, gradient } = await compiled.run(state, given);
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  say({
    ms,
    cpuMs: (user + system) / 1000,
    peakMB: process.resourceUsage().maxRSS / 1024,
    features: [...features.data.subarray(0, features.data.length / nodules)],
    gradient: [...gradient.data.subarray(0, rows)],
  });
}
await engine.dispose();
