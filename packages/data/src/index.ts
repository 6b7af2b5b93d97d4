export {
  type CubeOptions,
  cropVolume,
  type Volume,
} from './crop/crop-volume.js';
export { whyNotHounsfield } from './crop/hounsfield-range.js';
export {
  attributeRatings,
  attributeWeights,
} from './dataset/attribute-weights.js';
export { datasetVersion } from './dataset/format.js';
export { formatManifest } from './dataset/format-manifest.js';
export {
  type LidcManifest,
  type Manifest,
  ruleOf,
} from './dataset/manifest.js';
export {
  type FieldOptions,
  fieldValues,
  type FieldValues,
  rowsOf,
} from './dataset/nodule-fields.js';
export type {
  Dataset,
  DatasetNodule,
  DatasetScan,
  Part,
} from './dataset/nodule.js';
export type {
  LidcRecord,
  ScanFailure,
  SourceCode,
  SourceRecord,
} from './dataset/source-record.js';
export {
  classesOfSubset,
  type Divisible,
  type Split,
  splitFold,
  type SplitOptions,
} from './dataset/split.js';
export type { Acquisition, SliceOrder } from './dicom/acquisition.js';
export { decodePixels } from './dicom/decode.js';
export {
  encodableSyntaxes,
  type EncodableSyntax,
  encodeImage,
  type StoredImage,
} from './dicom/encode.js';
export {
  type DicomHeader,
  readSliceHeader,
  type SliceHeader,
} from './dicom/header.js';
export type { ParseOptions } from './dicom/parse.js';
export type { PixelFormat } from './dicom/pixel-format.js';
export { type PixelWindow, readPixels } from './dicom/pixels.js';
export type { Rescale, StoredBits } from './dicom/rescale.js';
export type { Compression, TransferSyntax } from './dicom/transfer-syntax.js';
export {
  DatasetError,
  DicomError,
  InputError,
  LidcXmlError,
  OptionError,
  PatientLeakError,
  SeriesError,
  SourceError,
  UnsupportedSyntaxError,
} from './errors.js';
export { formatInspection } from './lidc-xml/format-inspection.js';
export type { Inspection, ScanInspection } from './lidc-xml/inspection.js';
export type { ContourOddities } from './lidc-xml/oddities.js';
export { parseLidcXml } from './lidc-xml/parse.js';
export {
  type Annotation,
  contoursOf,
  type CtReadings,
  type LidcFile,
  type NonNodule,
  type RadiographReadings,
  type Region,
  type SmallMark,
} from './lidc-xml/readings.js';
export {
  clusterAnnotations,
  type Clustering,
  type PointSet,
} from './nodules/cluster.js';
export {
  fillContour,
  type Rectangle,
  rectangleAround,
} from './nodules/fill.js';
export {
  labelStatisticOf,
  type NoduleRatings,
  noduleRatings,
  type RatingStatistics,
} from './nodules/means.js';
export { contourPoints } from './nodules/points.js';
export type { JobOptions, Progress } from './progress.js';
export type { Frame, Placement, Vector } from './series/geometry.js';
export { estimatedIndices } from './series/match.js';
export {
  gapsOf,
  indexOfPosition,
  median,
  positionOfIndex,
  type SlicePositions,
} from './series/positions.js';
export type { ChosenBy, SamePlace } from './series/same-place.js';
export { type Series, seriesOf, type SeriesOptions } from './series/series.js';
export { votes } from './votes.js';
export { countWarnings, type HeaderNote, type Warning } from './warning.js';
