import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

import { Graph } from '../graph/graph.js';
import { serialiseGraph } from '../graph/serialise.js';

/** A driver may take its time to start; one that hangs is none. */
const timeLimit = 60_000;

/** Doubles two numbers on a device. What goes wrong is said on standard output. */
const script = `
  const [library, model, provider] = process.argv.slice(1);
  const ort = require(library);
  (async () => {
    const session = await ort.InferenceSession.create(Buffer.from(model, 'base64'), {
      executionProviders: [provider],
    });
    const [input] = session.inputNames;
    const [output] = session.outputNames;
    const x = new ort.Tensor('float32', Float32Array.of(1, 2), [2]);
    const { [output]: y } = await session.run({ [input]: x });
    if (y.data[0] !== 2 || y.data[1] !== 4) throw new Error('it computes 1 + 1 = ' + y.data[0]);
  })().then(
    () => process.exit(0),
    (error) => {
      process.stdout.write(String(error.message));
      process.exit(1);
    },
  );
`;

/**
 * Tries an execution provider of ONNX Runtime in a process of its own: drivers write to standard error what no option
 * holds back, and a broken one ends the process.
 *
 * @returns what went wrong, in words; undefined when it computed
 */
export function probeDevice(provider: string): string | undefined {
  const { resolve } = createRequire(import.meta.url);
  const { status, signal, stdout, stderr, error } = spawnSync(
    process.execPath,
    ['-e', script, resolve('onnxruntime-node'), doubling(), provider],
    { encoding: 'utf8', timeout: timeLimit },
  );
  if (error !== undefined) return error.message;
  if (status === 0) return undefined;
  if (status === null) {
    return `the process that tried it ended by ${signal ?? 'a signal'}`;
  }
  const drivers = stderr
    .split('\n')
    .flatMap((line) => /^Warning: (.*)/.exec(line)?.[1] ?? []);
  return [plainly(stdout), ...new Set(drivers)].join('; ');
}

/** x + x of two numbers, as a model in base64. */
function doubling(): string {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [2]);
  graph.output(graph.node('Add', [x, x], 'float32', [2]));
  return Buffer.from(serialiseGraph(graph.live()).bytes).toString('base64');
}

/** Without the place in ONNX Runtime's sources that its messages start with. */
function plainly(message: string): string {
  return message.replace(/^\S*onnxruntime\S*:\d+ .* was false\. /s, '').trim();
}
