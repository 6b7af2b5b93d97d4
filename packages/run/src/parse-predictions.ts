import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';

import { at, fromSpreadsheetCell } from '@clip-lung/tensor';
import { CsvError, parse } from 'csv-parse';

import { RunFileError } from './error.js';
import {
  predictionColumns,
  type PredictionRow,
  type Predictions,
  probabilityPrefix,
} from './predictions.js';

/** Softmax in float32 sums to 1 within 1e-6; hand-made files are rounded. */
const sumTolerance = 1e-3;

/** A probability put together in float32 can miss 0 or 1 by its rounding. */
const rounding = 1e-6;

interface Line {
  readonly number: number;
  readonly cells: readonly string[];
}

/**
 * Lets the event loop turn every ten thousand rows or so.
 *
 * @param bytes UTF-8
 * @throws {@link RunFileError} `predictions.csv:17: "p_benign" is …, expected …`
 */
export async function parsePredictions(
  bytes: Uint8Array,
  file: string,
  signal?: AbortSignal,
): Promise<Predictions> {
  let header: Header | undefined;
  const firstLines = new Map<string, number>();
  const rows: PredictionRow[] = [];
  const take = (line: Line): void => {
    if (header === undefined) {
      header = { columns: line.cells.length, classes: readHeader(line, file) };
      return;
    }
    const row = readRow(line, header, file);
    const first = firstLines.get(row.nodule);
    if (first !== undefined) {
      throw new RunFileError(
        `${file}:${line.number}`,
        `nodule ${row.nodule} is listed again, after line ${first}; expected one row per nodule`,
      );
    }
    firstLines.set(row.nodule, line.number);
    rows.push(row);
  };
  await eachLine(bytes, take, { file, signal });
  const { classes } = header ?? refuseEmpty(file);
  if (rows.length === 0) {
    throw new RunFileError(
      file,
      'has only a header, expected a row per nodule',
    );
  }
  return { classes, rows };
}

interface Header {
  readonly columns: number;
  readonly classes: readonly string[];
}

function refuseEmpty(file: string): never {
  throw new RunFileError(file, 'is empty, expected a header');
}

const pieceBytes = 2 ** 20;

async function* piecesOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    await setImmediate();
    yield bytes.subarray(start, start + pieceBytes);
  }
}

async function eachLine(
  bytes: Uint8Array,
  take: (line: Line) => void,
  {
    file,
    signal,
  }: { readonly file: string; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
  });
  try {
    await pipeline(
      piecesOf(bytes),
      parser,
      async (records: AsyncIterable<CsvRecord>) => {
        for await (const { info, record } of records) {
          take({ number: info.lines, cells: record });
        }
      },
      { signal },
    );
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new RunFileError(file, `is not CSV: ${error.message}`, {
      cause: error,
    });
  }
}

/** What the parser gives with `info`. */
interface CsvRecord {
  readonly info: { readonly lines: number };
  readonly record: readonly string[];
}

function readHeader({ cells }: Line, file: string): readonly string[] {
  const place = `${file}:1`;
  for (const [index, name] of predictionColumns.entries()) {
    if (cells[index] === name) continue;
    throw new RunFileError(
      place,
      `column ${index + 1} is "${cells[index] ?? ''}", expected "${name}"; the header is ${predictionColumns.join(',')},${probabilityPrefix}<class>…`,
    );
  }
  const columns = cells.slice(predictionColumns.length);
  const classes = columns.map((name, index) => {
    const column = index + predictionColumns.length + 1;
    if (name.length > probabilityPrefix.length) {
      if (name.startsWith(probabilityPrefix)) {
        return name.slice(probabilityPrefix.length);
      }
    }
    throw new RunFileError(
      place,
      `column ${column} is "${name}", expected "${probabilityPrefix}" and a class's name`,
    );
  });
  if (classes.length < 2 || new Set(classes).size < classes.length) {
    throw new RunFileError(
      place,
      `the classes are ${classes.join(', ') || 'none'}; expected two or more that differ`,
    );
  }
  return classes;
}

function readRow(
  { number, cells }: Line,
  { columns, classes }: Header,
  file: string,
): PredictionRow {
  const place = `${file}:${number}`;
  if (cells.length !== columns) {
    throw new RunFileError(
      place,
      `has ${cells.length} columns, expected ${columns} as in the header`,
    );
  }
  const refuse = (column: string, found: string, expected: string): never => {
    throw new RunFileError(
      place,
      `"${column}" is "${found}", expected ${expected}`,
    );
  };
  const [nodule = '', patient = '', label = '', prediction = ''] =
    cells.map(fromSpreadsheetCell);
  const rest = cells.slice(predictionColumns.length);
  if (nodule === '') refuse('nodule', nodule, 'a name');
  if (patient === '') refuse('patient', patient, 'a name');
  const classOf = (column: string, name: string): number => {
    const index = classes.indexOf(name);
    return index < 0
      ? refuse(column, name, `one of ${classes.join(', ')}`)
      : index;
  };
  const probabilities = rest.map((cell, index) => {
    const value = cell.trim() === '' ? NaN : Number(cell);
    // The comparison is false for NaN, too.
    return value >= -rounding && value <= 1 + rounding
      ? value
      : refuse(
          `${probabilityPrefix}${at(classes, index, 'classes')}`,
          cell,
          'a number from 0 to 1',
        );
  });
  const sum = probabilities.reduce((total, value) => total + value, 0);
  if (Math.abs(sum - 1) > sumTolerance) {
    throw new RunFileError(
      place,
      `the probabilities sum to ${sum}, expected 1 (nodule ${nodule})`,
    );
  }
  return {
    nodule,
    patient,
    label: classOf('label', label),
    prediction: classOf('prediction', prediction),
    probabilities,
  };
}
