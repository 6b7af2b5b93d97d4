/**
 * Decodes a frame of RLE Lossless: each byte of a pixel, the most significant first, is a segment of its own, packed as
 * PackBits. Strict, because a wrong length here would shift every pixel behind it: a segment must give exactly as many
 * bytes as there are pixels.
 *
 * @param frame the compressed bytes
 * @param pixels number of pixels
 * @param width bytes of a pixel
 * @returns the pixels, little-endian, [pixels · width]
 * @see DICOM PS3.5, Annex G
 */
export function decodeRle(
  frame: Uint8Array,
  { pixels, width }: { readonly pixels: number; readonly width: number },
  refuse: (problem: string) => never,
): Uint8Array {
  if (frame.length < headerBytes) refuse('its RLE header is cut short');
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const segments = view.getUint32(0, true);
  if (segments !== width) {
    refuse(
      `has ${segments} RLE segments, expected ${width} for pixels of ${8 * width} bits`,
    );
  }
  const starts = Array.from({ length: width }, (_, i) =>
    view.getUint32(4 * (i + 1), true),
  );
  const decoded = new Uint8Array(pixels * width);
  for (const [segment, start] of starts.entries()) {
    const next = starts[segment + 1];
    const end = next === undefined ? frame.length : next;
    if (start < headerBytes || start > end || end > frame.length) {
      refuse(
        `its RLE segment ${segment + 1} lies from byte ${start} to ${end} of ${frame.length}`,
      );
    }
    const written = unpack(frame.subarray(start, end), {
      into: decoded,
      from: width - 1 - segment,
      width,
    });
    if (written !== pixels) {
      refuse(
        `its RLE segment ${segment + 1} holds ${written} bytes, expected ${pixels}`,
      );
    }
  }
  return decoded;
}

const headerBytes = 64;

/** Unpacks one segment into every `width`-th byte. @returns how many bytes it holds, as far as there is room */
function unpack(
  packed: Uint8Array,
  {
    into,
    from,
    width,
  }: {
    readonly into: Uint8Array;
    readonly from: number;
    readonly width: number;
  },
): number {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  let to = from;
  let at = 0;
  // What follows the last pixel can only be the byte that makes the length even.
  while (at + 1 < packed.length && to < into.length) {
    const control = view.getUint8(at++);
    if (control === 128) continue;
    const run = control > 128;
    const count = run ? 257 - control : control + 1;
    const available = run ? count : Math.min(count, packed.length - at);
    for (let i = 0; i < available; i++) {
      if (to >= into.length) return Math.floor((to - from) / width) + 1;
      into[to] = view.getUint8(run ? at : at + i);
      to += width;
    }
    at += run ? 1 : count;
  }
  return (to - from) / width;
}
