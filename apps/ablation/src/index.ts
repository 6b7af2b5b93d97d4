export { beginRuns } from './begin-runs.js';
export { type Cell, cellId, cellName, cellsOf, runName } from './cell.js';
export { cellTask } from './cell-command.js';
export {
  type CellState,
  type CellStateName,
  cellStateNames,
  readCellStates,
} from './cell-state.js';
export {
  CellsFailedError,
  GridError,
  GridSelectionError,
  LaunchStoppedError,
} from './errors.js';
export { type Estimate, estimateGrid } from './estimate.js';
export { describeCounts, formatStates } from './format-states.js';
export {
  type GridDataset,
  gridPaths,
  type GridRecord,
  type GridRun,
  readGridRecord,
} from './grid-record.js';
export {
  cellsToStart,
  launchCellsLocally,
  type LocalOptions,
  queuedCells,
  type SlurmOptions,
  submitCells,
  threadsEach,
} from './launch-cells.js';
export {
  type GridPlan,
  planGrid,
  type PlannedRun,
  type PlanOptions,
  sameRuns,
} from './plan-grid.js';
export { type OpenedGrid, openPlan } from './prepare-grid.js';
export { selectCells, type Selection } from './select-cells.js';
export { tableInCsv } from './table/csv.js';
export {
  type GridTable,
  gridTable,
  type SeedFigure,
  type TableOptions,
  type TableRow,
  type TableSection,
} from './table/grid-table.js';
export { tableInLatex } from './table/latex.js';
export { tableInMarkdown } from './table/markdown.js';
export { writeTable } from './table/write-table.js';
