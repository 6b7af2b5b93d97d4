import { at, RandomStream } from '@clip-lung/tensor';

/** Which nodules to make a training batch of, and which random numbers may change them. */
export interface BatchRequest {
  /** of the dataset */
  readonly rows: readonly number[];
  readonly seed: number;
  readonly fold: number;
  readonly epoch: number;
}

/**
 * The order in which an epoch takes the training rows: a function of seed, fold and epoch alone, so a run that goes on
 * needs to know nothing of the epochs before.
 */
function epochOrder(
  rows: readonly number[],
  strata: readonly (readonly number[])[] | undefined,
  {
    seed,
    fold,
    epoch,
  }: { readonly seed: number; readonly fold: number; readonly epoch: number },
): readonly number[] {
  const random = new RandomStream(
    seed,
    'order',
    `fold-${fold}`,
    `epoch-${epoch}`,
  );
  if (strata === undefined) return random.shuffle(rows);
  const one = <T>(of: readonly T[]): T => at(of, random.integer(of.length));
  return rows.map(() => one(one(strata)));
}

/**
 * The training batches of a fold from an epoch on, epoch after epoch. Full batches only, and as many as make whole steps: batch
 * normalisation learns little from a few nodules.
 */
export function* plannedBatches({
  train,
  strata,
  batchSize,
  accumulate = 1,
  fromEpoch,
  skip = 0,
  epochs,
  ...of
}: {
  /** rows to learn from */
  readonly train: readonly number[];
  /**
   * the same rows by their class: an epoch draws as many as there are, with replacement, from each class as often as from the
   * others, as PyTorch's `WeightedRandomSampler` with 1 / (nodules of the class) for weights. Default: each row once
   */
  readonly strata?: readonly (readonly number[])[] | undefined;
  readonly batchSize: number;
  /** batches of a step; default 1 */
  readonly accumulate?: number | undefined;
  readonly seed: number;
  readonly fold: number;
  readonly fromEpoch: number;
  /** of the first epoch, so many steps are left out; default 0 */
  readonly skip?: number | undefined;
  readonly epochs: number;
}): Generator<BatchRequest, void> {
  for (let epoch = fromEpoch; epoch < epochs; epoch++) {
    const order = epochOrder(train, strata, { ...of, epoch });
    const ofStep = batchSize * accumulate;
    const first = epoch === fromEpoch ? skip * ofStep : 0;
    const end = order.length - (order.length % ofStep);
    for (let start = first; start < end; start += batchSize) {
      yield { rows: order.slice(start, start + batchSize), ...of, epoch };
    }
  }
}
