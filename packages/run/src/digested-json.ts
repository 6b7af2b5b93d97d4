import { jsonWithDigest, jsonWithoutDigest } from '@clip-lung/tensor/node';
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
  return jsonWithDigest(own, (digested) => toJson(digested, 2));
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
  const found = fromJson(bytes, file);
  expectVersion(found, file);
  const own = jsonWithoutDigest(
    found,
    bytes,
    (rest) => rest['formatVersion'] === runFormatVersion,
  );
  if ('problem' in own) throw new RunFileError(file, own.problem);
  return checkJson(own.value, schema, file);
}
