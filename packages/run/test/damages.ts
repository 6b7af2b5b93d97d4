/** A file's bytes with one bit flipped, at places all over it, and cut short, also by one byte. */
export function* damagesOf(
  whole: Uint8Array,
  count = 60,
): Generator<Uint8Array> {
  for (let i = 0; i < count; i++) {
    const bit = Math.floor((i * (whole.length * 8 - 1)) / (count - 1));
    const flipped = Uint8Array.from(whole);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    yield flipped;
  }
  for (let i = 0; i < count; i++) {
    yield whole.subarray(0, Math.floor((i * whole.length) / count));
  }
  yield whole.subarray(0, whole.length - 1);
}
