import { describeText } from '@clip-lung/evaluator';
import { describeCollection } from '@clip-lung/lidc';
import type { RunRecord } from '@clip-lung/run';
import type { NdArray } from '@clip-lung/tensor';

/** What `explain` says, in its forms. */
export interface ExplanationReport {
  readonly lines: readonly string[];
  readonly json: Readonly<Record<string, unknown>>;
  /** of a single nodule */
  readonly map?: {
    readonly raw: NdArray<'float32'>;
    readonly overCrop: NdArray<'float32'>;
    readonly svg: string;
  };
}

export interface ReportedRun {
  readonly folder: string;
  readonly fold: number;
  readonly record: RunRecord;
}

/** The first line: figures of simulated nodules, or of a random tower, must not pass for others. */
export function worthOf(record: RunRecord): string {
  return `trained on ${describeCollection(record.data.collection)}; ${describeText(record)}`;
}

export const noFinding = 'for research only: this is not a medical finding';

export function percent(value: number | null): string {
  return value === null ? 'none' : `${(100 * value).toFixed(1)} %`;
}
