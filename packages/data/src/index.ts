export * from './crop/crop.js';
export {
  type CubeOptions,
  cropVolume,
  type Volume,
} from './crop/crop-volume.js';
export * from './crop/hounsfield-range.js';
export * from './crop/window.js';
export {
  divide,
  expectNoLeak,
  type Labelled,
  makeFolds,
} from './dataset/folds.js';
export type {
  LidcRecord,
  ScanFailure,
  SourceCode,
  SourceRecord,
} from './dataset/source-record.js';
export * from './dataset/format.js';
export {
  type LidcManifest,
  type Manifest,
  ruleOf,
} from './dataset/manifest.js';
export * from './dataset/nodule.js';
export {
  type FieldOptions,
  fieldValues,
  type FieldValues,
  rowsOf,
} from './dataset/nodule-fields.js';
export * from './dataset/nodule-id.js';
export * from './dataset/split.js';
export type { Acquisition, SliceOrder } from './dicom/acquisition.js';
export { decodePixels } from './dicom/decode.js';
export * from './dicom/encode.js';
export * from './dicom/header.js';
export type * from './dicom/header-note.js';
export * from './dicom/parse.js';
export * from './dicom/pixel-format.js';
export * from './dicom/pixels.js';
export type { Rescale, StoredBits } from './dicom/rescale.js';
export * from './dicom/transfer-syntax.js';
export * from './errors.js';
export * from './lidc-xml/duplicates.js';
export * from './lidc-xml/inspection.js';
export * from './lidc-xml/oddities.js';
export * from './lidc-xml/parse.js';
export * from './lidc-xml/patient.js';
export * from './lidc-xml/readings.js';
export * from './nodules/agreement.js';
export * from './nodules/cluster.js';
export * from './nodules/consensus.js';
export * from './nodules/dice.js';
export * from './nodules/fill.js';
export * from './nodules/means.js';
export * from './nodules/points.js';
export * from './progress.js';
export {
  attributeRatings,
  attributeWeights,
} from './dataset/attribute-weights.js';
export * from './series/geometry.js';
export * from './series/match.js';
export * from './series/positions.js';
export * from './series/same-place.js';
export * from './series/series.js';
export * from './votes.js';
export * from './warning.js';
