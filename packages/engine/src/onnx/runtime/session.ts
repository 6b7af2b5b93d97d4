import * as ort from 'onnxruntime-node';

import type { OnnxModel } from '../graph/serialise.js';
import type { OnnxDevice } from './devices.js';

export interface SessionOptions {
  readonly device: OnnxDevice;
  readonly threads: number;
  readonly spinning: boolean;
  /** where to write a profile: the beginning of a file's name */
  readonly profile?: string | undefined;
}

/** Loads a model into ONNX Runtime. Constants that the model keeps outside are handed over as they are. */
export function createSession(
  { bytes, externalData }: OnnxModel,
  { device, threads, spinning, profile }: SessionOptions,
): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(bytes, {
    executionProviders: [device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // Its plan puts all of a run's values into one new block, beside the memory of the run before.
    enableMemPattern: false,
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: spinning ? '1' : '0' } } },
    externalData: externalData.map(({ path, data }) => ({ path, data })),
    ...(profile === undefined
      ? {}
      : { enableProfiling: true, profileFilePrefix: profile }),
  });
}
