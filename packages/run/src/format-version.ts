import { z } from 'zod';

/** The version of a run's files: version 2 carries digests. */
export const runFormatVersion = 2;

/** Those that are read. Files of version 1 carry no digest: whether they are as they were written cannot be told. */
export type RunFormatVersion = 1 | typeof runFormatVersion;

export const formatVersion = z.union([
  z.literal(1),
  z.literal(runFormatVersion),
]);
