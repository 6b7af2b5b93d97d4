import { fromBinary } from '@bufbuild/protobuf';
import {
  FileFormatError,
  formatShape,
  type NdArray,
  ShapeError,
} from '@clip-lung/tensor';
import { ownDigestProblem } from '@clip-lung/tensor/node';
import * as ort from 'onnxruntime-node';

import { described } from '../../pure/describe.js';
import { isArray } from '../../pure/given-arrays.js';
import { type ModelProto, ModelProtoSchema } from '../graph/onnx-ml_pb.js';
import { expectDevice, type OnnxDevice } from '../runtime/devices.js';
import { arrayOfOrt, ortTensor } from '../runtime/ort-tensor.js';
import { digestKey, modelDigestPlace } from './model-digest.js';

/** An input or output of a model. */
export interface ModelValue {
  readonly name: string;
  readonly dtype: string;
  /** names stand for any length */
  readonly shape: readonly (number | string)[];
}

/** A model that is ready to run. */
export interface OpenModel {
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
  readonly producer: { readonly name: string; readonly version: string };
  /** what the file says of itself, by key */
  readonly metadata: ReadonlyMap<string, string>;
  /**
   * @param inputs one array for each input, by name
   * @returns one array for each output, by name
   * @throws `ShapeError` that names the input which is missing, or of another type or shape; `FileFormatError` when ONNX
   *   Runtime fails to run the model
   */
  run(
    inputs: Readonly<Record<string, NdArray>>,
  ): Promise<Readonly<Record<string, NdArray>>>;
  release(): Promise<void>;
}

export interface OpenOptions {
  /** the name that errors start with */
  readonly file: string;
  /** Default `cpu` */
  readonly device?: OnnxDevice;
}

/**
 * What ONNX Runtime logs by itself goes to the terminal as it is, with the names in the file; it throws what it logs as errors.
 */
const silent = 4;

/**
 * Opens an ONNX model, such as `exportOnnx` writes, and runs it with ONNX Runtime.
 *
 * @param bytes of the file
 * @throws `FileFormatError` for what is not an ONNX model, one that ONNX Runtime does not run, and one that carries a digest and is
 *   not as it was written
 * @throws `EngineUnavailableError` for a device that is not there
 */
export async function openOnnx(
  bytes: Uint8Array,
  { file, device = 'cpu' }: OpenOptions,
): Promise<OpenModel> {
  expectDevice(device);
  const { producerName, producerVersion, metadataProps } = decode(bytes, file);
  const metadata = metadataOf(metadataProps, file);
  const problem = metadata.has(digestKey)
    ? ownDigestProblem(bytes, modelDigestPlace)
    : undefined;
  if (problem !== undefined) throw new FileFormatError(file, problem);
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: [device],
    logSeverityLevel: silent,
  }).catch((error: unknown) => {
    throw new FileFormatError(
      file,
      `ONNX Runtime does not run it: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  });
  const inputs = session.inputMetadata.map(valueOf);
  return {
    inputs,
    outputs: session.outputMetadata.map(valueOf),
    producer: { name: producerName, version: producerVersion },
    metadata,
    async run(given) {
      const feeds = inputs.map((input) => {
        const array = given[input.name];
        expectFits(input, array, file);
        return [input.name, ortTensor(array)] as const;
      });
      const outputs = await session
        .run(Object.fromEntries(feeds))
        .catch((error: unknown) => {
          throw new FileFormatError(
            file,
            `ONNX Runtime failed to run it: ${error instanceof Error ? error.message : String(error)}`,
            { cause: error },
          );
        });
      return Object.fromEntries(
        Object.entries(outputs).map(([name, tensor]) => [
          name,
          arrayOfOrt(tensor, `${file}: the output "${name}"`),
        ]),
      );
    },
    release: () => session.release(),
  };
}

function metadataOf(
  entries: ModelProto['metadataProps'],
  file: string,
): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  for (const { key, value } of entries) {
    if (metadata.has(key)) {
      throw new FileFormatError(
        file,
        `the metadata has "${key}" twice, expected each key once`,
      );
    }
    metadata.set(key, value);
  }
  return metadata;
}

function decode(bytes: Uint8Array, file: string): ModelProto {
  try {
    const model = fromBinary(ModelProtoSchema, bytes);
    if (model.graph !== undefined) return model;
  } catch (error) {
    throw new FileFormatError(file, 'is not an ONNX model', { cause: error });
  }
  throw new FileFormatError(file, 'is not an ONNX model: it has no graph');
}

function valueOf(value: ort.InferenceSession.ValueMetadata): ModelValue {
  return value.isTensor
    ? { name: value.name, dtype: value.type, shape: value.shape }
    : { name: value.name, dtype: 'no tensor', shape: [] };
}

function expectFits(
  { name, dtype, shape }: ModelValue,
  array: NdArray | undefined,
  file: string,
): asserts array is NdArray {
  const fits =
    isArray(array) &&
    array.dtype === dtype &&
    array.shape.length === shape.length &&
    shape.every((want, axis) =>
      typeof want === 'number' ? want === array.shape[axis] : true,
    );
  if (fits) return;
  throw new ShapeError(
    `${file}: the input "${name}" is ${dtype} [${shape.join(', ')}], given ${isArray(array) ? `${array.dtype} ${formatShape(array.shape)}` : described(array)}`,
  );
}
