import { parseJsonText } from '@clip-lung/tensor';
import type { z } from 'zod';

import { NotJsonError, RunFileError } from './error.js';
import { runFormatVersion } from './format-version.js';

function refuseLoss(this: unknown, key: string, value: unknown): unknown {
  const lossy =
    typeof value === 'function' ||
    typeof value === 'bigint' ||
    typeof value === 'symbol' ||
    (typeof value === 'number' && !Number.isFinite(value)) ||
    value instanceof Map ||
    value instanceof Set ||
    ArrayBuffer.isView(value);
  if (!lossy) return value;
  const found =
    typeof value === 'object'
      ? `a ${value.constructor.name}`
      : typeof value === 'number'
        ? String(value)
        : `a ${typeof value}`;
  throw new NotJsonError(
    `"${key}" is ${found}, which JSON cannot hold; expected a finite number, a string, true, false, null, or lists and objects of these`,
  );
}

/** JSON without loss; properties that are undefined are left out. @throws {@link NotJsonError} */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, refuseLoss, indent);
}

/** The value at a path inside a JSON value, as an error shows it. */
function show(value: unknown, path: readonly PropertyKey[]): string {
  let found = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null) return 'missing';
    found = (found as Record<PropertyKey, unknown>)[name];
  }
  const text = found === undefined ? 'missing' : JSON.stringify(found);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function problemOf(issue: z.core.$ZodIssue, value: unknown): string {
  const name = issue.path.map(String).join('.');
  const expected = issue.message.replace(
    /^(Invalid (input|option): |Unrecognized)/,
    (start) => (start.startsWith('Invalid') ? '' : 'unrecognized'),
  );
  if (name === '') return expected;
  return `"${name}" is ${show(value, issue.path)}: ${expected}`;
}

/** @throws {@link RunFileError} for what is not JSON, or bytes that are not UTF-8 */
export function fromJson(json: string | Uint8Array, file: string): unknown {
  try {
    return parseJsonText(json);
  } catch (error) {
    throw new RunFileError(file, `is not JSON (${String(error)})`, {
      cause: error,
    });
  }
}

/**
 * Checks a JSON value.
 *
 * @param file the name that errors start with, with the line where there are several
 * @throws {@link RunFileError} that names each field, what it is and what was expected
 */
export function checkJson<T>(
  value: unknown,
  schema: z.ZodType<T>,
  file: string,
): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => problemOf(issue, value));
  throw new RunFileError(file, problems.join('; '));
}

/**
 * Before all else: the fields of another version would only raise misleading complaints.
 *
 * @throws {@link RunFileError} for a `formatVersion` that this code does not read
 */
export function expectVersion(value: unknown, file: string): void {
  if (typeof value !== 'object' || value === null) return;
  const { formatVersion: found } = value as {
    readonly formatVersion?: unknown;
  };
  if (typeof found !== 'number' || found === 1 || found === runFormatVersion) {
    return;
  }
  throw new RunFileError(
    file,
    `has format version ${found}, expected ${runFormatVersion}: ` +
      (found > runFormatVersion
        ? 'it was written by a newer version of the software, which is needed to read it'
        : 'it was written by an older version of the software; run it again, or read it with that version'),
  );
}
