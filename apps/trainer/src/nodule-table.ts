import {
  attributes,
  attributeWeights,
  type Dataset,
  type DatasetNodule,
  type Label,
  lungWindow,
  votes,
} from '@clip-lung/data';
import type { ResolvedExperiment } from '@clip-lung/model';
import { softmax } from '@clip-lung/tensor';

/**
 * What batches are made of, for a dataset's N nodules: plain data, which a thread can be given. The crops are in memory that
 * threads share, and go to them without being copied.
 */
export interface NoduleTable {
  readonly ids: readonly string[];
  /** HU, [N, stored, stored, stored] */
  readonly crops: Int16Array;
  /** samples along each side of a crop: the image's, and those of a margin */
  readonly stored: number;
  /** samples along each side of an image */
  readonly size: number;
  /** HU that become 0 and 1 */
  readonly window: { readonly low: number; readonly high: number };
  /** K */
  readonly classes: number;
  /** class index of each nodule, −1 for one of no class, [N] */
  readonly labels: Int32Array;
  /** what is true of each nodule, [N, K]: its label, or the shares of its readers' votes; 0 for one of no class */
  readonly targets: Float32Array;
  /** M */
  readonly attributes: number;
  /** [N, M] */
  readonly attributeWeights: Float32Array;
}

/** @param size samples along each side of what the model takes */
export function noduleTable(
  { nodules, crops, manifest }: Dataset,
  {
    classes,
    size,
    data,
  }: {
    readonly classes: readonly Label[];
    readonly size: number;
    readonly data: Pick<ResolvedExperiment['data'], 'targets' | 'attributes'>;
  },
): NoduleTable {
  const labels = nodules.map(({ label }) => classes.indexOf(label));
  const targetsOf = (nodule: DatasetNodule): readonly number[] =>
    data.targets === 'votes' && classes.includes(nodule.label)
      ? votes(nodule, classes, manifest.rule)
      : classes.map((name) => Number(name === nodule.label));
  // Nine are the nine ratings, malignancy in front, as the published code has them.
  const weightsOf = (nodule: DatasetNodule): readonly number[] =>
    data.attributes === 'eight'
      ? attributeWeights(nodule)
      : softmax([
          nodule.malignancy ?? NaN,
          ...attributes.map((name) => nodule.ratings?.[name] ?? NaN),
        ]);
  return {
    ids: nodules.map(({ id }) => id),
    crops: shared(crops.data),
    stored: crops.shape[1] ?? 0,
    size,
    window: lungWindow,
    classes: classes.length,
    labels: Int32Array.from(labels),
    targets: Float32Array.from(nodules.flatMap(targetsOf)),
    attributes: attributes.length + (data.attributes === 'nine' ? 1 : 0),
    attributeWeights: Float32Array.from(nodules.flatMap(weightsOf)),
  };
}

/** The same values in memory that threads share; the same array where it lies there already. */
function shared(values: Int16Array): Int16Array {
  if (values.buffer instanceof SharedArrayBuffer) return values;
  const copy = new Int16Array(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
}
