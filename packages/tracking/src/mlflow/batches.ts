/** What one request of `runs/log-batch` takes. */
export const batchLimits = {
  metrics: 1000,
  params: 100,
  tags: 100,
  /** of the whole request; some of its million are left for what stands around */
  bytes: 900_000,
} as const;

/** Divides entries, in their order, into as few lists as the limits allow. */
export function batchesOf<T>(
  entries: readonly T[],
  most: number,
): readonly (readonly T[])[] {
  const batches: T[][] = [];
  let bytes = Infinity;
  for (const entry of entries) {
    const size = Buffer.byteLength(JSON.stringify(entry)) + 1;
    let batch = batches.at(-1);
    if (
      batch === undefined ||
      batch.length >= most ||
      bytes + size > batchLimits.bytes
    ) {
      batch = [];
      batches.push(batch);
      bytes = 0;
    }
    batch.push(entry);
    bytes += size;
  }
  return batches;
}
