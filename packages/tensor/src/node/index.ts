export {
  readNpy,
  readSafetensors,
  writeNpy,
  writeSafetensors,
} from './array-files.js';
export {
  createFileAtomic,
  type FileParts,
  syncFolder,
  temporaryFile,
  writeFileAtomic,
} from './atomic-file.js';
export { fileDigest } from './file-digest.js';
export { FileReadError, isMissing } from './file-read-error.js';
export { asFileWriteError, FileWriteError } from './file-write-error.js';
export {
  type DigestPlace,
  endOfJson,
  jsonWithDigest,
  jsonWithoutDigest,
  noDigest,
  ownDigestProblem,
  putOwnDigest,
} from './own-digest.js';
export { readFileUpTo, readWholeFile } from './read-file.js';
