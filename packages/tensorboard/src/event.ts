/** A value of a hyperparameter; lists and objects are not among what TensorBoard compares. */
export type Hyperparameter = string | number | boolean;

/** How a session ended, for the table of hyperparameters. */
export type SessionStatus = 'unknown' | 'success' | 'failure' | 'running';

/** One value of a summary. The kinds of the hyperparameters' plugin have tags of their own. */
export type SummaryValue =
  | {
      readonly kind: 'scalar';
      /** its name; what stands before the first `/` groups it with others */
      readonly tag: string;
      /** kept in 32 bits, as TensorBoard has it: `Math.fround(value)` */
      readonly value: number;
    }
  | {
      readonly kind: 'text';
      readonly tag: string;
      /** Markdown */
      readonly text: string;
    }
  | {
      /**
       * What the table of hyperparameters has for columns. Without one, TensorBoard takes every hyperparameter and scalar of all
       * sessions; with several, an arbitrary one. So it is for a folder whose sessions all have the same.
       */
      readonly kind: 'hparams-experiment';
      /** names, and an example of the values of each, which has its type */
      readonly hyperparameters: Readonly<Record<string, Hyperparameter>>;
      /** tags of scalars */
      readonly metrics: readonly string[];
    }
  | {
      /** a row of the table of hyperparameters */
      readonly kind: 'hparams-start';
      readonly hyperparameters: Readonly<Record<string, Hyperparameter>>;
      /** sessions of the same group are one row, with their metrics' mean; empty for a group of its own */
      readonly group: string;
      /** seconds since 1970 */
      readonly startTime: number;
    }
  | {
      readonly kind: 'hparams-end';
      readonly status: SessionStatus;
      /** seconds since 1970 */
      readonly endTime: number;
    }
  | {
      /** read, not written: a value that another program wrote */
      readonly kind: 'other';
      readonly tag: string;
    };

/** One record of an event file. */
export type TensorBoardEvent = {
  /** seconds since 1970 */
  readonly wallTime: number;
  /** a whole number: steps, or epochs, or whatever the values are over */
  readonly step: number;
} & (
  | {
      /** the first record of every file */
      readonly kind: 'file-version';
      readonly version: string;
    }
  | {
      /** a run that goes on: what earlier records have of this step, and of those after it, is void */
      readonly kind: 'restart';
    }
  | { readonly kind: 'summary'; readonly values: readonly SummaryValue[] }
  | {
      /** read, not written: something else that another program wrote */
      readonly kind: 'other';
    }
);

/** What the first record of a file says. */
export const fileVersion = 'brain.Event:2';
