/** The parts that are used of untyped packages: each makes a module, with memory of its own. */
declare module '@cornerstonejs/codec-charls' {
  const make: () => Promise<{
    readonly JpegLSDecoder: new () => import('./codec.js').Decoder;
    readonly JpegLSEncoder: new () => import('./codec.js').Encoder & {
      setNearLossless(most: number): void;
    };
  }>;
  export default make;
}
declare module '@cornerstonejs/codec-libjpeg-turbo-8bit' {
  const make: () => Promise<{
    readonly JPEGDecoder: new () => import('./codec.js').Decoder;
    readonly JPEGEncoder: new () => import('./codec.js').Encoder;
  }>;
  export default make;
}
declare module '@cornerstonejs/codec-openjpeg' {
  const make: () => Promise<{
    readonly J2KDecoder: new () => import('./codec.js').Decoder;
    readonly J2KEncoder: new () => import('./codec.js').Encoder;
  }>;
  export default make;
}
