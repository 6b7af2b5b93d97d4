export { ExperimentFileError, SourceFileError } from './errors.js';
export { fileOf, importFile } from './import-file.js';
export {
  type ExperimentToTrain,
  type LoadedExperiment,
  loadExperiment,
  type LoadOptions,
} from './load-experiment.js';
export { loadSource } from './load-source.js';
export { applyOverrides } from './overrides.js';
export {
  type PluginPolicy,
  PluginsNotAllowedError,
  TrustedFolderError,
  trustedFolders,
} from './plugin-permission.js';
export { pluginVersions } from './plugins-to-train.js';
export { loadRunExperiment, type Purpose } from './run-experiment.js';
