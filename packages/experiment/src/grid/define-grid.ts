import type { Experiment, PluginEntry } from '@clip-lung/model';

/** A value that an experiment can have at a path. */
export type FieldValue =
  | string
  | number
  | boolean
  | null
  | readonly FieldValue[]
  | { readonly [name: string]: FieldValue | undefined };

/** What a change makes of the value that is there, in the experiment with all of its defaults: see `without`. */
export type FieldChange = (value: never) => unknown;

/** New values by their paths: `{ 'training.epochs': 20, losses: without('class-attribute') }`. */
export type Changes = Readonly<Record<string, FieldValue | FieldChange>>;

/** What a named value of an axis stands for: another experiment, by its file; or changes of the base. */
export type Variant = string | Changes;

/**
 * What varies. A list holds values of a path of the experiment, which is the axis's name: `'data.subset': ['A', 'B']`. An object
 * holds named variants, under an axis's name of your choice.
 */
export type Axis = readonly FieldValue[] | Readonly<Record<string, Variant>>;

export type Axes = Readonly<Record<string, Axis>>;

type ValueOf<A extends Axis> = A extends readonly (infer Value)[]
  ? Value
  : Extract<keyof A, string>;

/** `'data.subset'` as `{ data: { subset: … } }`. */
type Nested<
  Path extends string,
  Value,
> = Path extends `${infer Head}.${infer Rest}`
  ? { readonly [K in Head]: Nested<Rest, Value> }
  : { readonly [K in Path]: Value };

type Intersection<Union> = (
  Union extends unknown ? (one: Union) => void : never
) extends (all: infer All) => void
  ? All
  : never;

/** The values of all axes in one experiment of a grid, by the parts of their paths: `{ method: 'CoOp', data: { subset: 'A' } }`. */
export type AxisValues<A extends Axes> = Intersection<
  {
    [Path in Extract<keyof A, string>]: Nested<Path, ValueOf<A[Path]>>;
  }[Extract<keyof A, string>]
>;

/** Experiments that are compared: a base, and what varies. */
export interface Grid<A extends Axes = Axes> {
  /** a file, seen from that of the grid, or an experiment */
  readonly base: string | Experiment<readonly PluginEntry[]>;
  readonly axes: A;
  /** how many, counted from 1, or which; default the base's own */
  readonly seeds?: number | readonly number[];
  /** counted from 0; default all that the experiment has */
  readonly folds?: readonly number[];
  /** folders of datasets by name, seen from the grid's file, where the command line gives none */
  readonly datasets?: Readonly<Record<string, string>>;
  /** leaves an experiment out */
  readonly unless?: (values: AxisValues<A>) => boolean;
  /**
   * what the others are compared with: values of axes. Where it says nothing of an axis, that is its first value; of
   * `data.subset`, and of datasets, it is the same as that of the others, since pairs are of the same nodules
   */
  readonly compareWith?: {
    readonly [Path in keyof A]?: ValueOf<A[Path]>;
  };
}

/** Gives a grid its types: `unless` knows the axes and their values. `loadGrid` checks it. */
export function defineGrid<const A extends Axes>(grid: Grid<A>): Grid<A> {
  return grid;
}
