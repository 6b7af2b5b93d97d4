import type { OpenModel } from '@clip-lung/engine';
import {
  elementsOf,
  FileFormatError,
  float32,
  type NdArray,
} from '@clip-lung/tensor';

/** One crop's probabilities, by class. */
export type Row = readonly (readonly [name: string, probability: number])[];

/** Crops at a time: more are not faster, and hold up who wants to stop. */
const batchSize = 32;

/**
 * What an exported classifier says of crops.
 *
 * @param hu HU, [N, 32, 32, 32]
 * @returns N rows, in the order of `classes`
 * @throws `FileFormatError` for a model that does not give a probability for each crop and class
 */
export async function classifyCrops(
  open: OpenModel,
  hu: NdArray<'float32'>,
  {
    file,
    classes,
    pause,
  }: {
    /** the model's, for errors */
    readonly file: string;
    readonly classes: readonly string[];
    /** called between two batches: whoever wants to stop throws there; default no pause */
    readonly pause?: () => Promise<void>;
  },
): Promise<readonly Row[]> {
  const [count, ...crop] = hu.shape;
  if (count === undefined) throw new RangeError('there is no axis of crops');
  const size = hu.data.length / count;
  const rows: Row[] = [];
  for (let start = 0; start < count; start += batchSize) {
    await pause?.();
    const end = Math.min(count, start + batchSize);
    const batch = float32(
      [end - start, ...crop],
      hu.data.subarray(start * size, end * size),
    );
    const { probabilities } = await open.run({ hu: batch });
    if (
      probabilities?.shape.length !== 2 ||
      probabilities.shape[0] !== end - start ||
      probabilities.shape[1] !== classes.length
    ) {
      throw new FileFormatError(
        file,
        `gives ${probabilities === undefined ? 'no "probabilities"' : `"probabilities" [${probabilities.shape.join(', ')}]`} for ${end - start} crops, expected [${end - start}, ${classes.length}]`,
      );
    }
    const values = elementsOf(
      probabilities,
      'float32',
      `${file}: "probabilities"`,
    );
    for (let row = 0; row < end - start; row++) {
      const own = values.subarray(
        row * classes.length,
        (row + 1) * classes.length,
      );
      expectFinite(own, { file, classes, crop: start + row });
      rows.push(
        [...own].map((value, k) => [nameOf(classes, k), value] as const),
      );
    }
  }
  return rows;
}

/** Weights that training has lost give no numbers; the first of them would be called the class. */
function expectFinite(
  probabilities: Float32Array,
  {
    file,
    classes,
    crop,
  }: {
    readonly file: string;
    readonly classes: readonly string[];
    readonly crop: number;
  },
): void {
  const k = probabilities.findIndex((value) => !Number.isFinite(value));
  if (k < 0) return;
  throw new FileFormatError(
    file,
    `gives ${String(probabilities[k])} for ${nameOf(classes, k)} of crop ${crop}, which is not a probability: its weights are not finite, so its training has diverged; train again with a lower training.learningRate`,
  );
}

function nameOf(classes: readonly string[], k: number): string {
  const name = classes[k];
  if (name === undefined) throw new RangeError(`there is no class ${k}`);
  return name;
}

/** The class of the highest probability; the first of equals. */
export function mostProbable(row: Row): string {
  const [first] = [...row].sort(([, a], [, b]) => b - a);
  if (first === undefined) throw new RangeError('there are no classes');
  return first[0];
}
