import { availableParallelism, cpus, totalmem } from 'node:os';

import { onnxEngine } from '@clip-lung/engine';
import { filled } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import { type AddCommand, screenOf } from '../command.js';
import { software } from '../software.js';

/** Side of the timed matrices. */
const side = 1024;
const repeats = 5;

export const addDoctor: AddCommand = (program, surroundings) => {
  program
    .command('doctor')
    .description('say what this machine can run, and how fast')
    .option('--json', 'print one JSON object')
    .action(async (options: { readonly json?: boolean }) => {
      const screen = screenOf(surroundings, options);
      const milliseconds = await timeMatMul();
      const versions = software();
      const found = {
        ...versions,
        processor: cpus()[0]?.model.trim() ?? 'unknown',
        threads: availableParallelism(),
        memoryGb: Math.round(totalmem() / 2 ** 30),
        engines: [
          {
            name: 'onnx',
            available: true,
            device: 'cpu',
            matMulMs: milliseconds,
            gflops: (2 * side ** 3) / milliseconds / 1e6,
          },
          {
            name: 'cpu',
            available: true,
            device: 'cpu, plain JavaScript: for reference only',
          },
        ],
      };
      screen.result(
        [
          `clip-lung ${versions['clip-lung'] ?? ''}, Node ${versions['node'] ?? ''}, ${versions['platform'] ?? ''}`,
          `${found.processor}, ${found.threads} threads, ${found.memoryGb} GB`,
          `engine onnx: cpu, a product of ${side}×${side} matrices takes ${milliseconds.toFixed(1)} ms (${((2 * side ** 3) / milliseconds / 1e6).toFixed(0)} GFLOP/s)`,
          'engine cpu: plain JavaScript, for reference only',
        ].join('\n'),
        found,
      );
    });
};

/** The median time of a product of two square matrices, in milliseconds. */
async function timeMatMul(): Promise<number> {
  const engine = onnxEngine();
  try {
    const product = engine.compile(
      ({
        inputs,
      }: {
        readonly inputs: { readonly a: tf.Tensor; readonly b: tf.Tensor };
      }) => ({
        // Its sum, so that reading the result back is no part of the time.
        outputs: { sum: tf.sum(tf.matMul(inputs.a, inputs.b)) },
      }),
    );
    const state = engine.state({});
    const inputs = { a: filled([side, side], 0.5), b: filled([side, side], 2) };
    await product.run(state, inputs);
    const times: number[] = [];
    for (let i = 0; i < repeats; i++) {
      const start = performance.now();
      await product.run(state, inputs);
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[repeats >> 1] ?? NaN;
  } finally {
    await engine.dispose();
  }
}
