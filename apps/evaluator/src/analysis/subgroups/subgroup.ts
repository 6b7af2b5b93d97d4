import type { DatasetNodule, DatasetScan } from '@clip-lung/data';
import type { Rule } from '@clip-lung/lidc';

/** What a nodule is grouped by. */
export interface SubgroupNodule {
  readonly nodule: DatasetNodule;
  /** undefined where the source does not tell of scans */
  readonly scan?: DatasetScan | undefined;
  /** by which ratings of malignancy become classes; undefined where the source brings its classes */
  readonly rule?: Rule | undefined;
}

/** The group of a nodule, or why it has none, in words. */
export type Grouped = { readonly group: string } | { readonly unknown: string };

/** One way to divide the tested nodules. */
export interface Subgroup {
  /** its key in an analysis */
  readonly name: string;
  /** what tables call it */
  readonly label: string;
  /** its groups, in the order of tables; default: those that there are, as numbers or letters have it */
  readonly groups?: readonly string[];
  /** where the borders come from, or what the groups mean */
  readonly about?: string;
  readonly groupOf: (of: SubgroupNodule) => Grouped;
}
