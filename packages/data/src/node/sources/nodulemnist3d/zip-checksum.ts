const endOfDirectory = 0x06054b50;
const endBytes = 22;
const directoryEntry = 0x02014b50;
const entryBytes = 46;

/**
 * The CRC-32 that a zip's directory has of an entry, inflated: fflate, which inflates it, does not look at it.
 *
 * @returns undefined where the directory does not list the entry
 * @see PKWARE's APPNOTE.TXT §4.3.12 and §4.3.16
 */
export function zipChecksum(
  bytes: Uint8Array,
  entry: string,
): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // A comment may follow the end of the directory.
  let end = bytes.length - endBytes;
  while (end >= 0 && view.getUint32(end, true) !== endOfDirectory) end -= 1;
  if (end < 0) return undefined;
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < count && at + entryBytes <= bytes.length; i++) {
    if (view.getUint32(at, true) !== directoryEntry) return undefined;
    const name = at + entryBytes;
    const nameBytes = view.getUint16(at + 28, true);
    const found = bytes.subarray(name, name + nameBytes);
    if (new TextDecoder().decode(found) === entry) {
      return view.getUint32(at + 16, true);
    }
    at =
      name +
      nameBytes +
      view.getUint16(at + 30, true) +
      view.getUint16(at + 32, true);
  }
  return undefined;
}
