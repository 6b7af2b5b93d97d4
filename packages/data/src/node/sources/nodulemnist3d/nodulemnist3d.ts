import { basename } from 'node:path';

import { cropSize, labels as lidcLabels, lungWindow } from '@clip-lung/lidc';
import type { NdArray } from '@clip-lung/tensor';
import { readFileUpTo } from '@clip-lung/tensor/node';
import { z } from 'zod';

import { resampleCube } from '../../../crop/resample.js';
import type { Part } from '../../../dataset/nodule.js';
import { InputError } from '../../../errors.js';
import { limits } from '../../../limits.js';
import { defineSource } from '../define-source.js';
import type { SourceNodule } from '../open-source.js';
import { arrayOfNpz } from './npz.js';

const parts: readonly (readonly [key: string, part: Part])[] = [
  ['train', 'train'],
  ['val', 'validation'],
  ['test', 'test'],
];
const classes = lidcLabels.filter((label) => label !== 'unsure');
const sides = [28, 64];

/**
 * NoduleMNIST3D, which was made of LIDC-IDRI: cubes around nodules with two classes, no ratings, and a split of its own, which
 * is kept as fold 0.
 *
 * Its cubes are bytes. They are resampled to 32³, and spread over the window that training maps to 0..1, so that training
 * sees byte / 255: how its makers mapped HU to bytes is not told in the file.
 *
 * @see MedMNIST v2 (Yang et al. 2023, doi 10.1038/s41597-022-01721-8)
 */
export const noduleMnist3dSource = defineSource({
  name: 'nodulemnist3d',
  reads: 'nodulemnist3d.npz, or nodulemnist3d_64.npz, of MedMNIST',
  options: z.strictObject({}),
  async open(input) {
    const bytes = await readNpz(input);
    const file = basename(input);
    const found = parts.map(([key, part]) => readPart(bytes, file, key, part));
    return {
      source: { name: 'nodulemnist3d' },
      collection: 'nodulemnist3d',
      classes: { names: [...classes], ordered: true },
      split: { kind: 'own' },
      crop: { size: cropSize, scale: null, outside: null },
      total: found.reduce((sum, { labels }) => sum + labels.length, 0),
      nodules: nodulesIn(found),
      warnings: [
        {
          code: 'no-patient-id',
          file,
          message:
            'names no patients: every nodule counts as a patient of its own, and nobody can tell whether one is on both sides of the split',
        },
      ],
    };
  },
});

function* nodulesIn(found: readonly SourcePart[]): Generator<SourceNodule> {
  for (const { images, labels, side, part } of found) {
    for (const [i, label] of labels.entries()) {
      const id = `NODULEMNIST3D-${part}-${String(i + 1).padStart(4, '0')}`;
      const cube = images.subarray(i * side ** 3, (i + 1) * side ** 3);
      const hu = huOf(resampleCube(cube, side, cropSize));
      yield { id, patient: id, label, hu, part };
    }
  }
}

async function readNpz(file: string): Promise<Uint8Array> {
  try {
    return await readFileUpTo(file, limits.npzBytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `${reason}; expected nodulemnist3d.npz or nodulemnist3d_64.npz of MedMNIST`,
      { cause: error },
    );
  }
}

interface SourcePart {
  /** [N · side³] */
  readonly images: Uint8Array;
  readonly labels: readonly string[];
  readonly side: number;
  readonly part: Part;
}

function readPart(
  bytes: Uint8Array,
  file: string,
  key: string,
  part: Part,
): SourcePart {
  const images = arrayOfNpz(bytes, file, `${key}_images`);
  const [count, side, ...others] = images.shape;
  if (
    !images.is('uint8') ||
    count === undefined ||
    side === undefined ||
    !sides.includes(side) ||
    others.length !== 2 ||
    others.some((length) => length !== side)
  ) {
    throw new InputError(
      `${file}: "${key}_images" holds ${images.dtype} [${images.shape.join(', ')}], expected uint8 [any, ${sides.join(' or ')}, same, same]`,
    );
  }
  const labels = arrayOfNpz(bytes, file, `${key}_labels`);
  if (labels.data.length !== count) {
    throw new InputError(
      `${file}: "${key}_labels" holds ${labels.data.length} labels for ${count} images`,
    );
  }
  return {
    images: images.data,
    labels: labelsOf(labels, file, key),
    side,
    part,
  };
}

function labelsOf(labels: NdArray, file: string, key: string): string[] {
  return Array.from({ length: labels.data.length }, (_, i) => {
    const value = labels.data[i];
    const label = classes[Number(value)];
    if (label !== undefined) return label;
    throw new InputError(
      `${file}: "${key}_labels" has ${String(value)} at ${i}, expected 0 (benign) or 1 (malignant)`,
    );
  });
}

function huOf(values: Float32Array): Int16Array {
  const { low, high } = lungWindow;
  return Int16Array.from(values, (value) =>
    Math.round(low + (value / 255) * (high - low)),
  );
}
