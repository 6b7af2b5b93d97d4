import { at, NdArray, sizeOf, typedArrayOf } from '@clip-lung/tensor';
import { noDigest, putOwnDigest } from '@clip-lung/tensor/node';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type * as tf from '@tensorflow/tfjs-core';

import type { Hosted, PureFunction, TensorTree } from '../../engine.js';
import { ExportError } from '../../errors.js';
import type { Graph, GraphType } from '../graph/graph.js';
import {
  type ModelProto,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorShapeProto_DimensionSchema,
  type ValueInfoProto,
} from '../graph/onnx-ml_pb.js';
import { serialiseGraph } from '../graph/serialise.js';
import { trace, type TracedFunction } from '../trace/trace.js';
import {
  anyBatch,
  type Length,
  lengthsOf,
  probedBatches,
} from './any-batch.js';
import { digestKey, modelDigestPlace } from './model-digest.js';
import { publicNames, renamed } from './public-names.js';

/** An input of an exported model. */
export interface ExportedInput {
  /** `'batch'` stands for any length, the same wherever it stands */
  readonly shape: readonly (number | 'batch')[];
  /** Default `float32` */
  readonly dtype?: GraphType;
}

export interface ExportOptions<I, F> {
  /** the inputs of the model by their names, which are the function's own */
  readonly inputs: { readonly [Name in keyof I]: ExportedInput };
  /** the parameters, which become constants of the model */
  readonly frozen?: Hosted<F>;
  /** of the graph, as viewers show it. Default: the function's */
  readonly name?: string;
  readonly description?: string;
  /** what made the model, for its file. Default `@clip-lung/engine` */
  readonly producer?: { readonly name: string; readonly version: string };
  /** kept in the file, for whoever reads it; `sha256` is the file's own */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A message of protobuf is at most as long. @see https://protobuf.dev/programming-guides/proto-limits/ */
const largestModel = 2 ** 31 - 1;

type Inputs = Readonly<Record<string, tf.Tensor>>;

/**
 * Writes a pure function as an ONNX model that stands alone: opset 20, every parameter inside, for any program that runs
 * ONNX.
 *
 * Outputs are called by their paths, with `_` for `.`. Where an input's shape says `'batch'`, the model takes batches of
 * any size: the function is traced with three, and what follows the batch size is computed from the input's shape. A
 * function that does something else for sizes that were not tried is not found out.
 *
 * The metadata's `sha256` is the digest of the whole file, with zeros for its own 64 digits.
 *
 * @returns the bytes of the file
 * @throws `TraceError` when the function cannot be traced
 * @throws {@link ExportError} for names that ONNX does not allow, for a function whose graph depends on the batch size in
 *   another way, and for more than 2 GB of parameters
 */
export function exportOnnx<
  I extends Inputs,
  O extends TensorTree,
  F extends TensorTree = Record<string, never>,
>(
  fn: PureFunction<Record<string, never>, I, O, F>,
  options: ExportOptions<I, F>,
): Uint8Array {
  if (options.metadata !== undefined && digestKey in options.metadata) {
    throw new ExportError(
      `the metadata's "${digestKey}" is the digest of the model, which is added; choose another name`,
    );
  }
  const name = options.name ?? (fn.name === '' ? 'model' : fn.name);
  const inputs = Object.entries<ExportedInput>(options.inputs);
  const traceWith = (batch: number): TracedFunction =>
    trace(
      fn,
      name,
      {
        state: {},
        inputs: Object.fromEntries(
          inputs.map(([input, form]) => [input, placeholder(form, batch)]),
        ) as Hosted<I>,
        frozen: options.frozen ?? ({} as Hosted<F>),
      },
      { plain: true },
    );
  const input = inputs.findIndex(([, { shape }]) => shape.includes('batch'));
  const traced = traceWith(probedBatches[0]);
  expectFits(traced.graph);
  let { graph } = traced;
  let lengths = traced.outputs.map(({ shape }) => shape.map(fixedLength));
  if (input >= 0) {
    const axis = at(inputs, input)[1].shape.indexOf('batch');
    const [, second, third] = probedBatches;
    const others = [traceWith(second), traceWith(third)] as const;
    graph = anyBatch([graph, others[0].graph, others[1].graph], {
      input,
      axis,
    });
    lengths = traced.outputs.map(({ path, shape }, i) => [
      ...lengthsOf(
        [shape, ...others.map(({ outputs }) => at(outputs, i).shape)],
        `the output "${path}"`,
      ),
    ]);
  }
  const names = publicNames(
    inputs.map(([given]) => given),
    traced,
  );
  const model = modelOf(renamed(graph, names));
  inputs.forEach(([, { shape }], i) => {
    const form = shape.map((length) =>
      length === 'batch' ? { fixed: 0, perBatch: 1 } : fixedLength(length),
    );
    setShape(model.graph?.input[i], form);
  });
  lengths.forEach((form, i) => {
    setShape(model.graph?.output[i], form);
  });
  describe(model, name, options);
  const bytes = toBinary(ModelProtoSchema, model);
  putOwnDigest(bytes, modelDigestPlace);
  return bytes;
}

const fixedLength = (length: number): Length => ({
  fixed: length,
  perBatch: 0,
});

/** Of an input, tracing sees the type and the shape. */
function placeholder(
  { shape, dtype = 'float32' }: ExportedInput,
  batch: number,
): NdArray {
  const lengths = shape.map((length) => (length === 'batch' ? batch : length));
  const data = new typedArrayOf[dtype](sizeOf(lengths));
  return new NdArray(dtype, lengths, data);
}

function expectFits(graph: Graph): void {
  const constants = new Map(
    graph
      .liveNodes()
      .flatMap(({ inputs }) => inputs)
      .flatMap(({ name, constant }) =>
        constant === undefined ? [] : [[name, constant.byteLength] as const],
      ),
  );
  const bytes = [...constants.values()].reduce((sum, size) => sum + size, 0);
  if (bytes <= largestModel) return;
  throw new ExportError(
    `the parameters take ${(bytes / 1e9).toFixed(1)} GB, and a single ONNX file holds at most 2 GB; parameters in separate files are not supported`,
  );
}

function modelOf(graph: Graph): ModelProto {
  const { bytes } = serialiseGraph(graph.live(), { embedConstants: true });
  return fromBinary(ModelProtoSchema, bytes);
}

/** Says a shape in the model, with names for lengths that follow the batch size. */
function setShape(
  info: ValueInfoProto | undefined,
  lengths: readonly Length[],
): void {
  const type = info?.type?.value;
  if (type?.case !== 'tensorType' || type.value.shape === undefined) {
    throw new ExportError(`${info?.name ?? 'a value'} is not a tensor`);
  }
  type.value.shape.dim = lengths.map(({ fixed, perBatch }) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        perBatch === 0
          ? { case: 'dimValue', value: BigInt(fixed) }
          : { case: 'dimParam', value: nameOf(fixed, perBatch) },
    }),
  );
}

/** `batch`, `4 * batch`, `batch + 1`. */
function nameOf(fixed: number, perBatch: number): string {
  const scaled = perBatch === 1 ? 'batch' : `${perBatch} * batch`;
  return fixed === 0 ? scaled : `${scaled} + ${fixed}`;
}

function describe(
  model: ModelProto,
  name: string,
  {
    description = '',
    producer = { name: '@clip-lung/engine', version: '' },
    metadata = {},
  }: Pick<
    ExportOptions<unknown, unknown>,
    'description' | 'producer' | 'metadata'
  >,
): void {
  model.producerName = producer.name;
  model.producerVersion = producer.version;
  model.docString = description;
  if (model.graph !== undefined) model.graph.name = name;
  // The digest last, which is looked for from the end.
  const entries = [...Object.entries(metadata), [digestKey, noDigest] as const];
  model.metadataProps = entries.map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
}
