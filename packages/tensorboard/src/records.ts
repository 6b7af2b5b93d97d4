import { maskedCrc32c } from './crc32c.js';

/** Bytes of a record before its data: its length, and the checksum of that. */
const headBytes = 12;
/** Bytes behind the data: its checksum. */
const tailBytes = 4;

/** What a TFRecord file holds, as far as it can be read. */
export interface ReadRecords {
  readonly records: readonly Uint8Array[];
  /** bytes that the records take: where the next one would begin */
  readonly bytes: number;
  /** why nothing more could be read, `record 3 at byte 120 is cut off`; undefined at the file's proper end */
  readonly problem: string | undefined;
}

/**
 * A record of a TFRecord file: its length, 64 bits, the length's checksum, the data, the data's checksum, little endian.
 *
 * @see https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
 */
export function frameRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(headBytes + data.length + tailBytes);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(data, headBytes);
  view.setUint32(headBytes + data.length, maskedCrc32c(data), true);
  return record;
}

/** Reads records up to the end, or up to the first that is cut off or damaged: as TensorBoard does, which reads no further either. */
export function readRecords(file: Uint8Array): ReadRecords {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const records: Uint8Array[] = [];
  let at = 0;
  const stop = (what: string): ReadRecords => ({
    records,
    bytes: at,
    problem: `record ${records.length} at byte ${at} ${what}`,
  });
  while (at < file.length) {
    const left = file.length - at;
    if (left < headBytes) return stop('is cut off');
    if (
      view.getUint32(at + 8, true) !== maskedCrc32c(file.subarray(at, at + 8))
    ) {
      return stop('is damaged: its length has another checksum');
    }
    const length = view.getBigUint64(at, true);
    if (BigInt(left - headBytes - tailBytes) < length) {
      return stop('is cut off');
    }
    const end = at + headBytes + Number(length);
    const data = file.subarray(at + headBytes, end);
    if (view.getUint32(end, true) !== maskedCrc32c(data)) {
      return stop('is damaged: its data has another checksum');
    }
    records.push(data);
    at = end + tailBytes;
  }
  return { records, bytes: at, problem: undefined };
}
