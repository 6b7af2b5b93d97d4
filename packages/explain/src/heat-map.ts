import type { NdArray } from '@clip-lung/tensor';

/** An axis of a crop. */
export type Axis = 'z' | 'y' | 'x';

/** Where in a crop something was found that speaks for a class; its numbers compare within one map only. */
export interface HeatMap {
  /**
   * What it lies over. A network that is given slices as channels knows rows and columns alone: its map is the same for every
   * slice, and has no z.
   */
  readonly axes: readonly Axis[];
  /** as the method gives it, a number a place */
  readonly raw: NdArray<'float32'>;
  /** the same over the samples of the crop, [32, 32] or [32, 32, 32] in the order of `axes` */
  readonly overCrop: NdArray<'float32'>;
}
