import { stat } from 'node:fs/promises';

import { type Analysis, analysisFormat } from '@clip-lung/evaluator';
import {
  FileReadError,
  isMissing,
  readFileUpTo,
  writeFileAtomic,
} from '@clip-lung/tensor/node';

import { UsageError } from './exit-codes.js';

/** Far above any analysis. */
const mostBytes = 64 * 2 ** 20;

/**
 * Where an analysis is written to: a new file, or in place of an analysis. A run's own JSON files must not be lost to a
 * mistyped name.
 *
 * @throws {@link UsageError} where something else is
 */
export async function analysisTarget(
  out: string,
): Promise<{ readonly write: (analysis: Analysis) => Promise<void> }> {
  const found = await stat(out).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw new FileReadError(out, error);
  });
  // A pipe would be read without an end, and a folder is no place for a file.
  const isOurs =
    found === undefined ||
    (found.isFile() && isAnalysis(await readFileUpTo(out, mostBytes)));
  if (!isOurs) {
    throw new UsageError(
      `${out}: already exists, and is not an analysis; choose another name, or remove it`,
    );
  }
  return {
    write: (analysis) =>
      writeFileAtomic(out, `${JSON.stringify(analysis, null, 2)}\n`),
  };
}

function isAnalysis(bytes: Uint8Array): boolean {
  if (bytes.length === 0) return true;
  try {
    const found: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return (
      typeof found === 'object' &&
      found !== null &&
      'format' in found &&
      found.format === analysisFormat
    );
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
