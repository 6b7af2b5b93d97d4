/** How the files begin that lie beside images, or pass for them. */
const beginnings: readonly (readonly [
  bytes: readonly number[],
  kind: string,
])[] = [
  [[0x1f, 0x8b], 'gzip data'],
  [[0x50, 0x4b, 0x03, 0x04], 'a ZIP archive'],
  [[0x42, 0x5a, 0x68], 'bzip2 data'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'xz data'],
  [[0x37, 0x7a, 0xbc, 0xaf], 'a 7z archive'],
  [[0x89, 0x50, 0x4e, 0x47], 'a PNG image'],
  [[0xff, 0xd8, 0xff], 'a JPEG image'],
  [[0xff, 0x4f, 0xff, 0x51], 'a JPEG 2000 image'],
  [[0x00, 0x00, 0x00, 0x0c, 0x6a, 0x50, 0x20, 0x20], 'a JPEG 2000 image'],
  [[0x47, 0x49, 0x46, 0x38], 'a GIF image'],
  [[0x49, 0x49, 0x2a, 0x00], 'a TIFF image'],
  [[0x4d, 0x4d, 0x00, 0x2a], 'a TIFF image'],
  [[0x42, 0x4d], 'a BMP image'],
  [[0x25, 0x50, 0x44, 0x46], 'a PDF'],
  [[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], 'a NumPy array'],
  [[0x4e, 0x52, 0x52, 0x44], 'an NRRD image'],
  [[0x89, 0x48, 0x44, 0x46], 'an HDF5 file'],
  [[0x5c, 0x01, 0x00, 0x00], 'a NIfTI image'],
];
const markup = [
  ['<!doctype html', 'an HTML page'],
  ['<html', 'an HTML page'],
  ['<', 'XML'],
] as const;

/** Bytes that are looked at to tell text from other data. */
const looked = 512;

/** Whether a file that starts so is gzipped. */
export function isGzip(start: Uint8Array): boolean {
  return start[0] === 0x1f && start[1] === 0x8b && start[2] === 0x08;
}

/** What a file that is not DICOM seems to be, by its first bytes: `a PNG image`. */
export function fileKind(start: Uint8Array): string {
  if (start.length === 0) return 'empty';
  const known = beginnings.find(([bytes]) =>
    bytes.every((byte, i) => start[i] === byte),
  );
  if (known) return known[1];
  const head = start.subarray(0, looked);
  if (head.every((byte) => byte === 0)) return 'zeros';
  if (!head.every((byte) => byte >= 32 || (byte >= 9 && byte <= 13))) {
    return 'data of an unknown kind';
  }
  const text = String.fromCharCode(...head)
    .replace(/^[^<]{0,3}(?=<)/, '')
    .trim()
    .toLowerCase();
  const found = markup.find(([beginning]) => text.startsWith(beginning));
  return found ? found[1] : 'text';
}
