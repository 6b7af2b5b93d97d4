export type { Nodule, NoduleTruth } from './nodule.js';
export { type PhantomPatient, simulatePatient } from './patient.js';
export { definePhantom, type Phantom, type PhantomOptions } from './phantom.js';
export type { PhantomFile } from './phantom-file.js';
export type { PlacedQuirk, QuirkName } from './quirks/quirk.js';
