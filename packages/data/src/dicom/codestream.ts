/** `JPEG` is the lossy one. */
export type CodestreamKind = 'JPEG' | 'lossless JPEG' | 'JPEG-LS' | 'JPEG 2000';

/** What a compressed image says of itself. */
export interface Codestream {
  readonly kind: CodestreamKind;
  readonly rows: number;
  readonly columns: number;
  /** bits of a sample */
  readonly precision: number;
  readonly samples: number;
}

/**
 * Reads what a JPEG, JPEG-LS or JPEG 2000 image says of its size, without decoding it: a decoder believes the size, and
 * would take gigabytes for a hostile one.
 *
 * @returns undefined where there is no such header
 * @see ITU-T T.81 §B.2.2 (JPEG; T.87 for JPEG-LS has the same frame header) and T.800 §A.5.1 (JPEG 2000)
 */
export function codestreamOf(image: Uint8Array): Codestream | undefined {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const found = jpeg(view);
  return found === undefined ? jpeg2000(view) : found;
}

function jpeg(view: DataView): Codestream | undefined {
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return undefined;
  let at = 2;
  while (at + 10 <= view.byteLength) {
    const marker = view.getUint16(at);
    // Markers may be filled up with any number of FF.
    if (marker === 0xffff) {
      at += 1;
      continue;
    }
    if (isFrame(marker)) {
      return {
        kind: kindOf(marker),
        precision: view.getUint8(at + 4),
        rows: view.getUint16(at + 5),
        columns: view.getUint16(at + 7),
        samples: view.getUint8(at + 9),
      };
    }
    const length = view.getUint16(at + 2);
    if (isBare(marker) || marker === 0xffda || length < 2) return undefined;
    at += 2 + length;
  }
  return undefined;
}

/**
 * Whether a marker has no length: RST0 to RST7, SOI, EOI, and those below. None belongs before a frame; whoever passes over one as
 * over a segment may find another frame than the decoder does, of another size.
 */
function isBare(marker: number): boolean {
  return marker < 0xffc0 || (marker >= 0xffd0 && marker <= 0xffd9);
}

/**
 * How many scans a JPEG image has. Each makes its decoder go through all of the image, and takes ten bytes.
 *
 * @see ITU-T T.81 §B.1.1.5: in coded data FF is followed by 00, so that a marker can only be one
 */
export function scansOf(image: Uint8Array): number {
  let scans = 0;
  for (
    let at = image.indexOf(0xff);
    at >= 0;
    at = image.indexOf(0xff, at + 1)
  ) {
    if (image[at + 1] === 0xda) scans += 1;
  }
  return scans;
}

/** SOF0 to SOF15, which DHT, JPG and DAC lie between, and the SOF55 of JPEG-LS. */
function isFrame(marker: number): boolean {
  if (marker === 0xfff7) return true;
  const between = [0xffc4, 0xffc8, 0xffcc].includes(marker);
  return marker >= 0xffc0 && marker <= 0xffcf && !between;
}

/** SOF3 and its relatives, which differences make; SOF55; and the lossy ones. */
function kindOf(marker: number): CodestreamKind {
  if (marker === 0xfff7) return 'JPEG-LS';
  return marker % 4 === 3 ? 'lossless JPEG' : 'JPEG';
}

/** SIZ comes right after SOC. */
function jpeg2000(view: DataView): Codestream | undefined {
  if (view.byteLength < 43 || view.getUint32(0) !== 0xff4fff51) {
    return undefined;
  }
  return {
    kind: 'JPEG 2000',
    columns: view.getUint32(8) - view.getUint32(16),
    rows: view.getUint32(12) - view.getUint32(20),
    samples: view.getUint16(40),
    precision: (view.getUint8(42) & 0x7f) + 1,
  };
}
