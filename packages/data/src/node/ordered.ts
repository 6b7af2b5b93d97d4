/**
 * Works on several items at once and yields the results in the order of the items, so that what is written of them is the
 * same whichever is done first.
 *
 * @param limit how many items are worked on, or done and waiting for an earlier one
 */
export async function* mapOrdered<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<R>,
): AsyncGenerator<R, void> {
  const pending: Promise<R>[] = [];
  const waiting = items.entries();
  const startNext = (): void => {
    const { done, value } = waiting.next();
    if (done) return;
    const promise = work(value[1], value[0]);
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
export function batchesOf<T>(
  items: readonly T[],
  size: number,
): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
