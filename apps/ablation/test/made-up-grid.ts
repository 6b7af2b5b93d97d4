import { runFormatVersion } from '@clip-lung/run';

import type { GridRecord } from '../src/grid-record.js';

/** A grid of one fold, seed and dataset, whose runs are nowhere. */
export function madeUpGrid(methods: readonly string[]): GridRecord {
  return {
    formatVersion: runFormatVersion,
    file: 'grid.ts',
    axes: [{ name: 'method', values: methods }],
    datasets: [
      {
        ...{ name: 'made-up', folder: '/nowhere', manifest: 'e'.repeat(64) },
        ...{ nodules: 40, patients: 20, collection: 'phantom' },
      },
    ],
    ...{ compareWith: {}, engine: 'onnx', device: null, threads: null },
    runs: methods.map((method, i) => ({
      hash: String(i).repeat(16),
      values: { method },
      ...{ dataset: 'made-up', seed: 1, folds: [0], hasPlugins: false },
    })),
  };
}
