/** A file of a phantom, in memory. */
export interface PhantomFile {
  /** path below the phantom's folder, with forward slashes */
  readonly name: string;
  readonly bytes: Uint8Array;
}
