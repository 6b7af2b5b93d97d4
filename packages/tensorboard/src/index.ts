export { crc32c, maskedCrc32c } from './crc32c.js';
export { decodeEvents, type ReadEvents } from './decode-events.js';
export { encodeEvent } from './encode-event.js';
export {
  fileVersion,
  type Hyperparameter,
  type SessionStatus,
  type SummaryValue,
  type TensorBoardEvent,
} from './event.js';
export { frameRecord, type ReadRecords, readRecords } from './records.js';
export { type ScalarsByStep, scalarsByStep } from './scalars-by-step.js';
