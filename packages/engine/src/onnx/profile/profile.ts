import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

import { at, leaves, type NdArray, type Tree } from '@clip-lung/tensor';

import type { Hosted, PureFunction, TensorTree } from '../../engine.js';
import { type OnnxDevice, wantsPlain } from '../runtime/devices.js';
import { ortTensor } from '../runtime/ort-tensor.js';
import { loadGraph } from '../runtime/program.js';
import { givenInput, stateInput, trace } from '../trace/trace.js';
import { type Cost, costOf } from './node-cost.js';

/** What one kind of node costs in a run of a traced function. */
export interface KindReport extends Cost {
  /** ONNX operator */
  readonly op: string;
  /** nodes of the traced graph; ONNX Runtime merges some of them */
  readonly nodes: number;
  /** as ONNX Runtime measured it, mean over the runs; 0 for what it merged into other kinds */
  readonly milliseconds: number;
}

/** What a run of a traced function costs, in all and by kind of node. */
export interface Profile extends Cost {
  readonly nodes: number;
  readonly milliseconds: number;
  /** the slowest kind first; kinds that only ONNX Runtime knows (`FusedMatMul`) have no nodes, FLOPs or bytes of their own */
  readonly kinds: readonly KindReport[];
}

export interface ProfileOptions {
  readonly device?: OnnxDevice;
  readonly threads?: number;
  /** how often to run, after one run that does not count; default 5 */
  readonly runs?: number;
}

/** Traces a function and runs it with ONNX Runtime's profile: what the graph holds, and where its time goes. */
export async function profile<
  S extends TensorTree,
  I extends TensorTree,
  O extends TensorTree,
  F extends TensorTree,
>(
  fn: PureFunction<S, I, O, F>,
  given: {
    readonly state: Hosted<S>;
    readonly inputs: Hosted<I>;
    readonly frozen: Hosted<F>;
  },
  {
    device = 'cpu',
    threads = availableParallelism(),
    runs = 5,
  }: ProfileOptions = {},
): Promise<Profile> {
  const { graph } = trace(fn, 'the profiled function', given, {
    plain: wantsPlain(device),
  });
  const feeds = Object.fromEntries([
    ...feedsOf(given.state, stateInput),
    ...feedsOf(given.inputs, givenInput),
  ]);
  const folder = await mkdtemp(join(tmpdir(), 'profile-'));
  try {
    const options = {
      device,
      threads,
      spinning: false,
      frozenWeights: 'packed',
      profile: join(folder, 'profile'),
    } as const;
    const { session, fixed } = await loadGraph(graph, options);
    for (let i = 0; i <= runs; i++) await session.run({ ...feeds, ...fixed });
    session.endProfiling();
    await session.release();
    const times = await readTimes(folder, runs);
    return summarise(graph.liveNodes(), times);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function feedsOf(
  tree: Tree<NdArray>,
  nameOf: (path: string) => string,
): [string, ReturnType<typeof ortTensor>][] {
  return leaves<NdArray>(tree).map(([path, array]) => [
    nameOf(path),
    ortTensor(array),
  ]);
}

interface ProfileEvent {
  readonly cat?: string;
  readonly name: string;
  /** microseconds */
  readonly dur?: number;
  readonly args?: { readonly op_name?: string };
}

/** The milliseconds of each kind of node, a run; the first run, which allocates memory, is left out. */
async function readTimes(
  folder: string,
  runs: number,
): Promise<ReadonlyMap<string, number>> {
  const file = at(await readdir(folder), 0, 'files of the profiler');
  const events = JSON.parse(
    await readFile(join(folder, file), 'utf8'),
  ) as readonly ProfileEvent[];
  const kernels = events.filter(
    ({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time'),
  );
  const counted = kernels.slice(kernels.length / (runs + 1));
  const times = new Map<string, number>();
  for (const { name, args, dur } of counted) {
    const op = args?.op_name;
    if (op === undefined || dur === undefined) {
      throw new TypeError(
        `ONNX Runtime's profile does not say what "${name}" is, or how long it took`,
      );
    }
    times.set(op, (times.get(op) ?? 0) + dur / 1000 / runs);
  }
  return times;
}

function summarise(
  nodes: Parameters<typeof costOf>[0][],
  times: ReadonlyMap<string, number>,
): Profile {
  const kinds = [...new Set([...nodes.map(({ op }) => op), ...times.keys()])]
    .map((op): KindReport => {
      const own = nodes.filter((node) => node.op === op).map(costOf);
      return {
        op,
        nodes: own.length,
        flops: own.reduce((sum, { flops }) => sum + flops, 0),
        bytes: own.reduce((sum, { bytes }) => sum + bytes, 0),
        milliseconds: times.get(op) ?? 0,
      };
    })
    .sort((a, b) => b.milliseconds - a.milliseconds || b.nodes - a.nodes);
  const total = (value: (kind: KindReport) => number): number =>
    kinds.reduce((sum, kind) => sum + value(kind), 0);
  return {
    nodes: nodes.length,
    flops: total(({ flops }) => flops),
    bytes: total(({ bytes }) => bytes),
    milliseconds: total(({ milliseconds }) => milliseconds),
    kinds,
  };
}

/** A profile as a table for people. */
export function formatProfile({
  nodes,
  flops,
  bytes,
  milliseconds,
  kinds,
}: Profile): string {
  const row = (
    name: string,
    count: number,
    operations: number,
    traffic: number,
    time: number,
  ): string =>
    [
      name.padEnd(20),
      String(count).padStart(6),
      (operations / 1e9).toFixed(3).padStart(10),
      (traffic / 2 ** 20).toFixed(1).padStart(10),
      time.toFixed(2).padStart(10),
    ].join(' ');
  return [
    `${'operator'.padEnd(20)} ${'nodes'.padStart(6)} ${'GFLOP'.padStart(10)} ${'MB'.padStart(10)} ${'ms'.padStart(10)}`,
    ...kinds.map((kind) =>
      row(kind.op, kind.nodes, kind.flops, kind.bytes, kind.milliseconds),
    ),
    row('all', nodes, flops, bytes, milliseconds),
  ].join('\n');
}
