import { DicomError, UnsupportedSyntaxError } from '../errors.js';
import { limits } from '../limits.js';
import { type CodecName, decodeWith } from './codec.js';
import { type CodestreamKind, codestreamOf, scansOf } from './codestream.js';
import { frameBytes } from './encapsulated.js';
import { fileKind } from './file-kind.js';
import type { SliceHeader } from './header.js';
import { expectFewParts } from './jpeg-2000-parts.js';
import { decodeJpegLossless } from './jpeg-lossless.js';
import {
  expectFrame,
  hounsfield,
  readPixels,
  signExtended,
  storedValues,
} from './pixels.js';
import { decodeRle } from './rle.js';
import type { Compression } from './transfer-syntax.js';

/**
 * Reads the HU of one image of a file, compressed or not. The decoders are loaded when the first compressed file is met.
 *
 * @param bytes the whole file, inflated if it was deflated
 * @param frame which image of the file, from 0
 * @returns HU, [rows, columns], row-major
 * @throws {@link DicomError} when the pixels are cut short, damaged, or not what the header says
 * @throws {@link UnsupportedSyntaxError} for a syntax without a decoder: 12-bit JPEG, high-throughput JPEG 2000, video
 */
export async function decodePixels(
  header: SliceHeader,
  bytes: Uint8Array,
  { frame = 0 }: { readonly frame?: number } = {},
): Promise<Float32Array> {
  if (!header.syntax.compressed) return readPixels(header, bytes, { frame });
  return hounsfield(header, await decodeStored(header, bytes, frame));
}

/** The stored values of a compressed image, [rows, columns]. */
export async function decodeStored(
  header: SliceHeader,
  bytes: Uint8Array,
  frame = 0,
): Promise<Int32Array> {
  const { file, syntax, format } = header;
  const refuse = (problem: string): never => {
    throw new DicomError(file, problem);
  };
  const { compression } = syntax;
  if (compression === null) {
    throw new UnsupportedSyntaxError(
      file,
      syntax.uid,
      `has compressed pixels (${syntax.name}, transfer syntax ${syntax.uid}) that cannot be read here; decompress the series first (gdcmconv --raw)`,
    );
  }
  expectFrame(header, frame);
  const image = frameBytes(header, bytes, frame);
  const pixels = format.rows * format.columns;
  if (compression === 'rle') {
    const width = format.bitsAllocated / 8;
    return storedValues(header, decodeRle(image, { pixels, width }, refuse));
  }

  const found = codestreamOf(image);
  if (found === undefined || !kindsOf[compression].includes(found.kind)) {
    const kind = found === undefined ? fileKind(image) : `${found.kind} image`;
    return refuse(
      `is in the transfer syntax ${syntax.uid} (${syntax.name}), but its compressed pixels are not: they seem to be ${found === undefined ? kind : `a ${kind}`}`,
    );
  }
  const { rows, columns, samples, precision } = found;
  if (samples !== 1) {
    refuse(
      `is not a greyscale image: its compressed image has ${samples} samples per pixel, of colours, but its header says one`,
    );
  }
  if (rows !== format.rows || columns !== format.columns) {
    refuse(
      `has ${format.rows} rows × ${format.columns} columns; the compressed image has ${rows} × ${columns}`,
    );
  }
  if (precision > format.bitsAllocated) {
    refuse(
      `the compressed image has ${precision} bits per pixel, the header allocates ${format.bitsAllocated}`,
    );
  }
  if (compression === 'jpeg' && precision !== 8) {
    throw new UnsupportedSyntaxError(
      file,
      syntax.uid,
      `has JPEG pixels of ${precision} bits (transfer syntax ${syntax.uid}), and only those of 8 bits can be read; decompress the series first (dcmdjpeg)`,
    );
  }
  if (found.kind === 'JPEG 2000') expectFewParts(image, refuse);
  else if (scansOf(image) > limits.scans) {
    refuse(`its compressed image has more than ${limits.scans} scans`);
  }
  const decoded =
    compression === 'jpeg-lossless'
      ? decodeJpegLossless(image, refuse)
      : await decodeImage(header, compression, image);
  if (decoded.length !== pixels) {
    refuse(
      `its compressed pixels are damaged: ${decoded.length} of ${pixels} were decoded`,
    );
  }
  // The encoder may have known the pixels' sign or not: what counts are the bits that both it and the header speak of.
  const bits = Math.min(precision, format.bitsStored);
  return signExtended(decoded, { bits, signed: format.signed });
}

/** What the images of each family of syntaxes are. */
const kindsOf: Readonly<
  Record<Exclude<Compression, 'rle'>, readonly CodestreamKind[]>
> = {
  jpeg: ['JPEG'],
  'jpeg-lossless': ['lossless JPEG'],
  'jpeg-ls': ['JPEG-LS'],
  'jpeg-2000': ['JPEG 2000'],
};

async function decodeImage(
  { file, syntax, format }: SliceHeader,
  name: CodecName,
  image: Uint8Array,
): Promise<Uint8Array | Uint16Array> {
  try {
    const found = await decodeWith(name, image);
    const wide = found.length === 2 * format.rows * format.columns;
    return wide ? new Uint16Array(found.buffer) : found;
  } catch (error) {
    throw new DicomError(
      file,
      `its compressed pixels (${syntax.name}) are damaged: ${reasonOf(error)}`,
      { cause: error },
    );
  }
}

/** Decoders throw errors, texts, and numbers that only they understand. */
function reasonOf(error: unknown): string {
  if (error instanceof Error) return error.message.slice(0, 200);
  return typeof error === 'number'
    ? 'the decoder gave up'
    : String(error).slice(0, 200);
}
