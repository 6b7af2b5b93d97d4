import { readFile } from 'node:fs/promises';

import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Case, Sample } from '../test/conformance/case.js';
import { families } from '../test/conformance/cases/index.js';
import { engineTable, withTable } from '../test/conformance/kernel-table.js';
import { cpuBackend } from './cpu-backend.js';
import './gradients.js';
import { kernels } from './onnx/kernels/index.js';

const cases = Object.values(families).flat();

describe('the table of kernels', () => {
  it('in KERNELS.md is the one that tools/docs/kernel-table.mjs writes', async () => {
    const document = await readFile(
      new URL('../KERNELS.md', import.meta.url),
      'utf8',
    );
    expect(
      document.replaceAll(/ +\|/g, ' |').replaceAll(/-+ \|/g, '--- |'),
    ).toBe(
      withTable(document, engineTable)
        .replaceAll(/ +\|/g, ' |')
        .replaceAll(/-+ \|/g, '--- |'),
    );
  });

  it('has a case for every kernel', () => {
    const shown = new Set(cases.flatMap((one) => one.kernels));
    expect(Object.keys(kernels).filter((name) => !shown.has(name))).toEqual([]);
  });

  it.each(
    cases
      .filter((one) => one.kernels.length > 0)
      .map((one) => [one.op, one] as const),
  )('%s runs the kernels that it says', async (_, one) => {
    cpuBackend();
    await tf.setBackend('cpu');
    const ran = new Set<string>();
    for (const sample of fc.sample(one.samples, { numRuns: 8, seed: 1 })) {
      for (const name of await kernelsOf(one, sample)) ran.add(name);
    }
    expect([...ran]).toEqual(expect.arrayContaining([...one.kernels]));
  });
});

/** The kernels that plain tfjs runs for a sample and its gradient. */
async function kernelsOf(
  one: Case,
  { inputs, fn, gradient }: Sample,
): Promise<string[]> {
  const tensors = inputs.map(({ shape, dtype, low, high }) =>
    tf.cast(
      tf.fill(
        [...shape],
        dtype === 'float32' ? (low + high) / 2 : Math.max(low, 0),
      ),
      dtype,
    ),
  );
  const floats = tensors.filter(({ dtype }) => dtype === 'float32');
  const all = (changed: readonly tf.Tensor[]): tf.Tensor[] => {
    let next = 0;
    return tensors.map((tensor) =>
      tensor.dtype === 'float32' ? (changed[next++] ?? tensor) : tensor,
    );
  };
  const { kernelNames } = await tf.profile(() => {
    const values = results(fn(...tensors));
    if (one.gradient && gradient !== false) {
      tf.grads((...changed: tf.Tensor[]) =>
        tf.addN(
          results(fn(...all(changed)))
            .filter(({ dtype }) => dtype === 'float32')
            .map((value) => tf.sum(value)),
        ),
      )(floats);
    }
    return values;
  });
  return kernelNames;
}

function results(value: tf.Tensor | readonly tf.Tensor[]): tf.Tensor[] {
  return value instanceof tf.Tensor ? [value] : [...value];
}
