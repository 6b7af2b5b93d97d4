export {
  ExperimentFileError,
  GridFileError,
  SourceFileError,
} from './errors.js';
export {
  type Axes,
  type Axis,
  type AxisValues,
  type Changes,
  defineGrid,
  type FieldChange,
  type FieldValue,
  type Grid,
  type Variant,
} from './grid/define-grid.js';
export {
  type GridExperiment,
  type LoadedGrid,
  loadGrid,
  withSeed,
} from './grid/load-grid.js';
export { without } from './grid/without.js';
export { fileOf, importFile } from './import-file.js';
export {
  type ExperimentToTrain,
  type LoadedExperiment,
  loadExperiment,
  type LoadOptions,
} from './load-experiment.js';
export { loadSource } from './load-source.js';
export { applyOverrides, withValueAt } from './overrides.js';
export {
  type PluginPolicy,
  PluginsNotAllowedError,
  TrustedFolderError,
  trustedFolders,
} from './plugin-permission.js';
export { pluginVersions } from './plugins-to-train.js';
export { loadRunExperiment, type Purpose } from './run-experiment.js';
