export { builtInSections } from './built-in-sections.js';
export { type Content, html, Html, named } from './page/html.js';
export { details, type HtmlTable, table } from './page/table.js';
export {
  draw,
  figures,
  type FigureText,
  figureWith,
} from './figures/drawing.js';
export type { DatasetOfRun } from './dataset-of-run.js';
export type { FoldLog, ReadRunOptions, ReportRun } from './report-run.js';
export type { Section } from './section.js';
export {
  ReportError,
  type ReportOptions,
  type WrittenReport,
  writeReport,
} from './write-report.js';
