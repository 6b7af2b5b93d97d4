// Our side of the benchmark `predict`: `node predict-peer.mjs <folder>`. The protocol is that of
// tools/reference/bench_predict.py.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { openOnnx } from '@clip-lung/engine';
import { NdArray } from '@clip-lung/tensor';
import { readSafetensors } from '@clip-lung/tensor/node';

const [folder] = process.argv.slice(2);
const peakMB = () => process.resourceUsage().maxRSS / 1024;
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const emptyMB = peakMB();
const bytes = await readFile(join(folder, 'model.onnx'));
const model = await openOnnx(bytes, { file: 'model.onnx' });
const { tensors } = await readSafetensors(join(folder, 'images.safetensors'));
const images = tensors.get('images');
const size = images.data.length / images.shape[0];
const rows = (from, count) =>
  new NdArray(
    'float32',
    [count, ...images.shape.slice(1)],
    images.data.subarray(from * size, (from + count) * size),
  );

/** Logits of some nodules, and the milliseconds that they took. */
async function predict(given) {
  const start = performance.now();
  const { logits } = await model.run({ images: given });
  return { ms: performance.now() - start, logits: logits.data };
}

say({ emptyMB });
for await (const line of createInterface({ input: process.stdin })) {
  const [what, count] = line.split(' ');
  if (what === 'batch') {
    const { ms, logits } = await predict(rows(0, Number(count)));
    say({ ms, logits: [...logits], peakMB: peakMB() });
  } else {
    const ms = [];
    for (let i = 0; i < Number(count); i++) {
      ms.push((await predict(rows(i % images.shape[0], 1))).ms);
    }
    say({ ms, peakMB: peakMB() });
  }
}
await model.release();
