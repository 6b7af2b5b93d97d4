import {
  attributeWeights,
  type Dataset,
  type DatasetNodule,
  fieldValues,
  type FieldValues,
  ruleOf,
  votes,
} from '@clip-lung/data';
import { type HuWindow, lungWindow } from '@clip-lung/lidc';
import {
  attributesIn,
  isOfStep,
  type ResolvedExperiment,
  type StepField,
} from '@clip-lung/model';
import { at } from '@clip-lung/tensor';

/** What every batch has of its nodules, beside their images; and whatever a model's modules ask for. */
export interface BatchFields {
  /** class index, −1 for one of no class, int32 [N] */
  readonly labels: FieldValues;
  /** what is true: its label, or the shares of its readers' votes; 0 for one of no class, [N, K] */
  readonly targets: FieldValues;
  /** [N, M] */
  readonly attributeWeights: FieldValues;
  readonly [name: string]: FieldValues;
}

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
  readonly window: HuWindow;
  /** the one list of what a batch has of a nodule: what a thread hands over and a step is given follows from it */
  readonly fields: BatchFields;
}

/**
 * @throws `OptionError` for a field that is asked for and that the dataset does not have
 */
export function noduleTable(
  dataset: Dataset,
  {
    classes,
    size,
    data,
    asked = [],
  }: {
    readonly classes: readonly string[];
    /** samples along each side of what the model takes */
    readonly size: number;
    readonly data: Pick<ResolvedExperiment['data'], 'targets' | 'attributes'>;
    /** what its modules want to know of the nodules besides */
    readonly asked?: readonly StepField[];
  },
): NoduleTable {
  const { nodules, crops, manifest } = dataset;
  const rule = ruleOf(manifest);
  const targetsOf = (nodule: DatasetNodule): readonly number[] =>
    data.targets === 'votes' && classes.includes(nodule.label)
      ? votes(nodule, classes, rule)
      : classes.map((name) => Number(name === nodule.label));
  const attributes = attributesIn(
    data.attributes,
    manifest.attributes.length === 0 ? undefined : manifest.attributes,
  );
  return {
    ids: nodules.map(({ id }) => id),
    crops: shared(crops.data),
    stored: at(crops.shape, 1),
    size,
    window: lungWindow,
    fields: {
      labels: {
        shape: [],
        mixed: false,
        values: Int32Array.from(nodules, ({ label }) => classes.indexOf(label)),
      },
      targets: {
        shape: [classes.length],
        mixed: true,
        values: Float32Array.from(nodules.flatMap(targetsOf)),
      },
      attributeWeights: {
        shape: [attributes.length],
        mixed: true,
        values: Float32Array.from(
          nodules.flatMap((nodule) => attributeWeights(nodule, attributes)),
        ),
      },
      ...Object.fromEntries(
        asked
          .filter((field) => !isOfStep(field))
          .map(({ name, field }) => [
            name,
            fieldValues(dataset, field, { classes, attributes }),
          ]),
      ),
    },
  };
}

/** The same values in memory that threads share; the same array where it lies there already. */
function shared(values: Int16Array): Int16Array {
  if (values.buffer instanceof SharedArrayBuffer) return values;
  const copy = new Int16Array(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
}
