// Our side of the benchmark `step`: `node step-peer.mjs <folder>`. The protocol is that of tools/reference/bench_step.py.
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { onnxEngine } from '@clip-lung/engine';
import {
  createModel,
  createOptimizer,
  resolveExperiment,
  trainingStep,
} from '@clip-lung/model';
import { filled, float32, NdArray, scalar, treeOf } from '@clip-lung/tensor';
import { readSafetensors } from '@clip-lung/tensor/node';

import { classes, readTower } from './prompt-task.mjs';

const [folder] = process.argv.slice(2);
const { tensors } = await readSafetensors(join(folder, 'step.safetensors'));
const under = (prefix) =>
  treeOf(
    [...tensors]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, array]) => [name.slice(prefix.length), array]),
  );
const experiment = resolveExperiment({ text: { use: 'random' } });
const { training } = experiment;
const model = createModel(experiment, {
  classes,
  tower: await readTower(folder),
});
const optimizer = createOptimizer(experiment);
const [params, statistics] = [under('params.'), under('statistics.')];
const engine = onnxEngine();
const state = engine.state({
  params,
  statistics,
  optimizer: optimizer.init(params),
  average: { params, statistics },
});
const step = engine.compile(trainingStep(model, optimizer), {
  frozen: model.frozen,
});

const firstRows = (array, rows) => {
  const [length, ...shape] = array.shape;
  const size = array.data.length / length;
  return new NdArray(
    array.dtype,
    [rows, ...shape],
    array.data.slice(0, rows * size),
  );
};
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

say({});
for await (const line of createInterface({ input: process.stdin })) {
  const nodules = Number(line.split(' ')[1]);
  const targets = new Float32Array(nodules * classes.length);
  firstRows(tensors.get('labels'), nodules).data.forEach((label, i) => {
    targets[i * classes.length + label] = 1;
  });
  const inputs = {
    images: firstRows(tensors.get('images'), nodules),
    targets: float32([nodules, classes.length], targets),
    attributeWeights: firstRows(tensors.get('attributeWeights'), nodules),
    classCounts: filled([classes.length], 1),
    learningRate: scalar(training.learningRate),
    averageDecay: scalar(training.ema),
  };
  const start = performance.now();
  const before = process.cpuUsage();
  const { loss } = await step.run(state, inputs);
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  say({
    ms,
    cpuMs: (user + system) / 1000,
    peakMB: process.resourceUsage().maxRSS / 1024,
    loss: loss.data[0],
  });
}
await engine.dispose();
