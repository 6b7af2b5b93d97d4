export {
  cropAt,
  type CropAtOptions,
  type CroppedPlace,
} from './crop/read-crop.js';
export { datasetDigest } from './dataset/dataset-digest.js';
export { OccupiedError } from './dataset/out-folder.js';
export {
  readDataset,
  type ReadDatasetOptions,
} from './dataset/read-dataset.js';
export type { TableRow } from './dataset/table.js';
export { readTableFile } from './dataset/text-file.js';
export { type FoundFile, isXml, listFiles } from './series/list-files.js';
export { indexSeries, type SeriesIndex } from './series/series-index.js';
export { readHeaderOf, readWindowOf } from './series/slice-file.js';
export {
  headersOf,
  type SliceAccess,
  type SliceSet,
} from './series/slice-set.js';
export {
  type ShardCommand,
  shardCommands,
  type ShardedPreparation,
  type ShardState,
  shardState,
} from './shards/shard-state.js';
export { parseShard, type Shard } from './shards/shard.js';
export { cropsSource } from './sources/crops/crops.js';
export { exportCrops } from './sources/crops/export-crops.js';
export { inspectFolder } from './sources/lidc/inspect-folder.js';
export { lidcSource } from './sources/lidc/lidc.js';
export { prepareDataset } from './sources/lidc/prepare-dataset.js';
export type { PrepareOptions } from './sources/lidc/prepare-options.js';
export {
  prepareShard,
  type PrepareShardOptions,
} from './sources/lidc/prepare-shard.js';
export {
  type Annotations,
  readAnnotations,
} from './sources/lidc/read-annotations.js';
export { noduleMnist3dSource } from './sources/nodulemnist3d/nodulemnist3d.js';
export { defineSource, type NoduleSource } from './sources/define-source.js';
export type { OpenSource, SourceNodule } from './sources/open-source.js';
export { expectSource } from './sources/expect-source.js';
export {
  optionsOf,
  parseOptions,
  type SourceOption,
} from './sources/source-options.js';
export type {
  PrepareRequest,
  PrepareShardRequest,
  ShardReport,
  Source,
} from './sources/source.js';
export { sources } from './sources/sources.js';
export { z } from 'zod';
