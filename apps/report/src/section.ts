import type { Html } from './page/html.js';
import type { ReportRun } from './report-run.js';

/** A part of the report of one run. Each is a file in `sections`, and a line in `built-in-sections.ts`. */
export interface Section {
  /** unlike that of other sections; letters and hyphens */
  readonly id: string;
  readonly title: string;
  /** @returns null where the run has nothing of it, and the section is left out */
  render(run: ReportRun): Html | null | Promise<Html | null>;
}
