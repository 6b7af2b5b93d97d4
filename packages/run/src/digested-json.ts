import {
  endOfJson,
  noDigest,
  ownDigestProblem,
  putOwnDigest,
} from '@clip-lung/tensor/node';
import type { z } from 'zod';

import { RunFileError } from './error.js';
import { runFormatVersion } from './format-version.js';
import { checkJson, expectVersion, fromJson, toJson } from './json.js';

/**
 * A JSON file of the latest version, which ends with its own digest; checked as it will be read.
 *
 * @param file the name that errors start with
 * @throws `RunFileError` for a value that could not be read back, `NotJsonError` for one that JSON does not hold
 */
export function toDigestedJson<T extends object>(
  value: T,
  schema: z.ZodType<T>,
  file: string,
): Uint8Array {
  const own = { ...value, formatVersion: runFormatVersion };
  checkJson(fromJson(toJson(own), file), schema, file);
  const bytes = Buffer.from(`${toJson({ ...own, sha256: noDigest }, 2)}\n`);
  putOwnDigest(bytes, endOfJson);
  return bytes;
}

/**
 * Reads a JSON file, and holds it against the digest that it carries, unless it is of a version without digests.
 *
 * @throws {@link RunFileError} for a file that is not as it was written, or not as it should be
 */
export function parseDigestedJson<T>(
  bytes: Uint8Array,
  schema: z.ZodType<T>,
  file: string,
): T {
  const value = fromJson(Buffer.from(bytes).toString('utf8'), file);
  expectVersion(value, file);
  return checkJson(withoutDigest(value, bytes, file), schema, file);
}

/** Whatever says that it is of the latest version, or carries a digest, has to be as it was written. */
function withoutDigest(
  value: unknown,
  bytes: Uint8Array,
  file: string,
): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { sha256, ...rest } = value as Readonly<Record<string, unknown>>;
  if (sha256 === undefined && rest['formatVersion'] !== runFormatVersion) {
    return value;
  }
  const problem = ownDigestProblem(bytes, endOfJson);
  if (problem === undefined) return rest;
  throw new RunFileError(file, problem);
}
