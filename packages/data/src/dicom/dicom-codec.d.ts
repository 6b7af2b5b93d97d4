/** The part of the untyped package of decoders and encoders that is used. */
declare module '@cornerstonejs/dicom-codec' {
  interface Image {
    readonly rows: number;
    readonly columns: number;
    readonly bitsAllocated: number;
    readonly samplesPerPixel: number;
    readonly pixelRepresentation: 0 | 1;
    readonly signed: boolean;
  }
  interface Frame {
    readonly imageFrame: Uint8Array | Int8Array | Uint16Array | Int16Array;
  }
  interface Codec {
    decode(
      frame: Uint8Array,
      image: Image,
      transferSyntax: string,
    ): Promise<Frame>;
    encode(
      frame: Uint8Array,
      image: Image,
      transferSyntax: string,
      options: object,
    ): Promise<Frame>;
  }
  const codec: Codec;
  export default codec;
}
