/** The part of the untyped decoder package that is used. */
declare module '@cornerstonejs/dicom-codec' {
  interface Codec {
    decode(
      frame: Uint8Array,
      image: {
        readonly rows: number;
        readonly columns: number;
        readonly bitsAllocated: number;
        readonly samplesPerPixel: number;
        readonly pixelRepresentation: 0 | 1;
        readonly signed: boolean;
      },
      transferSyntax: string,
    ): Promise<{
      readonly imageFrame: Uint8Array | Int8Array | Uint16Array | Int16Array;
    }>;
  }
  const codec: Codec;
  export default codec;
}
