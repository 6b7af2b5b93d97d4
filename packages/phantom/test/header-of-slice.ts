import type { CtSlice } from '../src/dicom/ct-slice.js';

/** What tests write of a slice beside its image. */
export const headerOfSlice: Omit<CtSlice, 'columns' | 'rows' | 'hu'> = {
  patientId: 'PHANTOM-0007',
  scanner: {
    model: 'Test',
    kernel: 'SHARP',
    sharpening: 0,
    pixelSpacing: 0.625,
    sliceThickness: 1.25,
    slices: 40,
    blur: 0.5,
    noise: 10,
    noiseGrain: 1,
    storage: 'signed16',
    firstSlice: 'top',
  },
  studyUid: '2.25.12',
  seriesUid: '2.25.123',
  frameUid: '2.25.12345',
  sopUid: '2.25.1234',
  instance: 12,
  position: [-10.5, -20, -101.25],
  pixelSpacing: 0.625,
};
