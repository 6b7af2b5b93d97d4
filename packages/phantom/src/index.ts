export * from './attachment.js';
export * from './lidc-message.js';
export * from './nodule.js';
export * from './patient.js';
export * from './phantom.js';
export * from './phantom-file.js';
export {
  annotationQuirks,
  dicomQuirks,
  folderQuirks,
  type PlacedQuirk,
  type QuirkName,
} from './quirks/quirk.js';
export * from './scanner.js';
export * from './traits.js';
export * from './truth-csv.js';
