/**
 * Works on several items at once and yields the results in the order of the items, so that what is written of them is the
 * same whichever is done first.
 *
 * @param limit how many items are worked on, or done and waiting for an earlier one
 */
export async function* mapOrdered<T, R>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void> {
  const pending: Promise<R>[] = [];
  const waiting = items[Symbol.iterator]();
  const startNext = (): void => {
    const next = waiting.next();
    if (next.done === true) return;
    const promise = work(next.value);
    // It is awaited below, but maybe only after it has failed.
    promise.catch(() => undefined);
    pending.push(promise);
  };
  try {
    for (let i = 0; i < limit; i++) startNext();
    for (let next = pending.shift(); next; next = pending.shift()) {
      const result = await next;
      startNext();
      yield result;
    }
  } finally {
    await Promise.allSettled(pending);
  }
}

/** Items in runs of at most `size`, in their order. */
export function* batchesOf<T>(
  items: Iterable<T>,
  size: number,
): Generator<readonly T[], void> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
