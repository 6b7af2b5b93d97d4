/** Decodes one image at a time, in memory of its own. */
export interface Decoder {
  /** room for the compressed image */
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  /** little-endian; good until the next image, or until the decoder is deleted */
  getDecodedBuffer(): Uint8Array;
  delete(): void;
}

/** Encodes one image at a time, in memory of its own. */
export interface Encoder {
  /** room for the pixels, little-endian */
  getDecodedBuffer(image: EncodedImage): Uint8Array;
  encode(): void;
  /** good until the next image, or until the encoder is deleted */
  getEncodedBuffer(): Uint8Array;
  delete(): void;
}

/** The pixels that an encoder is given. */
export interface EncodedImage {
  readonly width: number;
  readonly height: number;
  readonly bitsPerSample: number;
  readonly componentCount: 1;
  readonly isSigned: boolean;
}

/** The families of images that packages of WebAssembly decode and encode. */
export type CodecName = 'jpeg' | 'jpeg-ls' | 'jpeg-2000';

interface Codec {
  readonly decoder: () => Decoder;
  readonly encoder: () => Encoder;
}

const loaders: Readonly<Record<CodecName, () => Promise<Codec>>> = {
  jpeg: async () => {
    const { default: make } = await import(
      '@cornerstonejs/codec-libjpeg-turbo-8bit'
    );
    const { JPEGDecoder, JPEGEncoder } = await make();
    return {
      decoder: () => new JPEGDecoder(),
      encoder: () => new JPEGEncoder(),
    };
  },
  'jpeg-ls': async () => {
    const { default: make } = await import('@cornerstonejs/codec-charls');
    const { JpegLSDecoder, JpegLSEncoder } = await make();
    return {
      decoder: () => new JpegLSDecoder(),
      encoder: () => {
        const encoder = new JpegLSEncoder();
        encoder.setNearLossless(0);
        return encoder;
      },
    };
  },
  'jpeg-2000': async () => {
    const { default: make } = await import('@cornerstonejs/codec-openjpeg');
    const { J2KDecoder, J2KEncoder } = await make();
    return { decoder: () => new J2KDecoder(), encoder: () => new J2KEncoder() };
  },
};

/** What has been loaded, by its name. */
const loaded = new Map<CodecName, Promise<Codec>>();

/**
 * Decodes an image. The decoder is loaded when it is first needed. One that fails keeps the memory that it took, and may be in no
 * state to go on: the next image gets a new one.
 *
 * @returns little-endian
 * @throws whatever the decoder does: an error, a text or a number
 */
export async function decodeWith(
  name: CodecName,
  image: Uint8Array,
): Promise<Uint8Array> {
  return withCodec(name, (codec) => {
    const decoder = codec.decoder();
    decoder.getEncodedBuffer(image.length).set(image);
    decoder.decode();
    const pixels = decoder.getDecodedBuffer().slice();
    decoder.delete();
    return pixels;
  });
}

/** Encodes an image. @param pixels little-endian */
export async function encodeWith(
  name: CodecName,
  pixels: Uint8Array,
  image: EncodedImage,
): Promise<Uint8Array> {
  return withCodec(name, (codec) => {
    const encoder = codec.encoder();
    encoder.getDecodedBuffer(image).set(pixels);
    encoder.encode();
    const encoded = encoder.getEncodedBuffer().slice();
    encoder.delete();
    return encoded;
  });
}

async function withCodec<T>(
  name: CodecName,
  work: (codec: Codec) => T,
): Promise<T> {
  const known = loaded.get(name);
  const loading = known === undefined ? withoutReports(loaders[name]) : known;
  loaded.set(name, loading);
  try {
    const codec = await loading;
    return work(codec);
  } catch (error) {
    if (loaded.get(name) === loading) loaded.delete(name);
    throw error;
  }
}

/**
 * The codecs write lines (`[INFO] …`, `Aborted()`) through whatever the console's functions are at the moment they are made, and
 * give no way to say otherwise: standard output is for results, so at that moment the console is one that drops such lines.
 */
async function withoutReports<T>(work: () => Promise<T>): Promise<T> {
  const names = ['log', 'warn', 'error'] as const;
  const write = names.map((name) => console[name].bind(console));
  const originals = names.map((name) => Reflect.get(console, name) as unknown);
  for (const [i, name] of names.entries()) {
    console[name] = (...values: unknown[]): void => {
      if (!report.test(String(values[0]))) write[i]?.(...values);
    };
  }
  try {
    return await work();
  } finally {
    for (const [i, name] of names.entries()) {
      Reflect.set(console, name, originals[i]);
    }
  }
}

const report = /^(\[(INFO|WARNING|ERROR)\]|Aborted\(|\s*$)/;
