import { fromSpreadsheetCell } from '@clip-lung/tensor';
import { CsvError, parse } from 'csv-parse/sync';

import { DatasetError } from '../../errors.js';
import { limits } from '../../limits.js';

/** A row of a CSV file; its errors name the file and the line. */
export class TableRow<Column extends string> {
  readonly #values: Readonly<Record<string, string>>;
  readonly #place: string;

  constructor(values: Readonly<Record<string, string>>, place: string) {
    this.#values = values;
    this.#place = place;
  }

  refuse(problem: string): never {
    throw new DatasetError(this.#place, problem);
  }

  /** @throws {@link DatasetError} for an empty field */
  text(column: Column): string {
    const value = fromSpreadsheetCell(this.#values[column] ?? '');
    return value === '' ? this.refuse(`"${column}" is empty`) : value;
  }

  /** undefined for an empty field */
  optional(column: Column): string | undefined {
    const value = fromSpreadsheetCell(this.#values[column] ?? '').trim();
    return value === '' ? undefined : value;
  }

  /** @throws {@link DatasetError} for a field that is not empty */
  none(column: Column, because: string): void {
    const value = this.#values[column] ?? '';
    if (value === '') return;
    this.refuse(`"${column}" is "${value}", expected none: ${because}`);
  }

  /** @param where what the row is about, for the error */
  number(column: Column, least: number, most: number, where: string): number {
    const text = this.text(column);
    const value = text.trim() === '' ? NaN : Number(text);
    if (Number.isFinite(value) && value >= least && value <= most) return value;
    const point = hasDecimalComma(text) ? ', with a decimal point' : '';
    return this.refuse(
      `"${column}" is ${Number.isFinite(value) ? text : `"${text}"`}, expected ${rangeOf(least, most)}${point} (${where})`,
    );
  }

  whole(column: Column, least: number, most: number, where: string): number {
    const value = this.number(column, least, most, where);
    if (Number.isInteger(value)) return value;
    return this.refuse(
      `"${column}" is ${value}, expected a whole number (${where})`,
    );
  }
}

/** Whether a text is a number as spreadsheets of some countries write it: `3,5`. */
export function hasDecimalComma(text: string): boolean {
  return /^\s*[+-]?\d*,\d+\s*$/.test(text);
}

function rangeOf(least: number, most: number): string {
  if (least === -Infinity) return 'a number';
  return most === Infinity ? `at least ${least}` : `${least} to ${most}`;
}

/**
 * Reads a CSV file with a header. Other columns than the expected ones may be there, in any order.
 *
 * @param name the file's name, which errors start with
 * @throws {@link DatasetError} for a malformed file, or one that lacks a column
 */
export function readTable<Column extends string>(
  text: string,
  name: string,
  columns: readonly Column[],
): readonly TableRow<Column>[] {
  return readWholeTable(text, name, columns).rows;
}

/** Reads a CSV file as {@link readTable}, and tells which columns it has. */
export function readWholeTable<Column extends string>(
  text: string,
  name: string,
  columns: readonly Column[],
): {
  readonly header: readonly string[];
  readonly rows: readonly TableRow<Column>[];
} {
  let lines: { record: Record<string, string>; info: { lines: number } }[];
  let header: readonly string[] = [];
  try {
    lines = parse(text, {
      bom: true,
      info: true,
      skip_empty_lines: true,
      max_record_size: limits.rowLength,
      // One more than is read: so it is told from a table that ends there.
      to: limits.tableRows + 1,
      columns: (names: string[]) => {
        if (names.length > limits.tableColumns) {
          throw new RangeError(
            `has ${names.length} columns, expected at most ${limits.tableColumns}`,
          );
        }
        header = names;
        expectColumns(names, name, columns);
        return names;
      },
    });
  } catch (error) {
    throw error instanceof DatasetError
      ? error
      : malformed(error, name, header.length);
  }
  if (lines.length > limits.tableRows) {
    throw new DatasetError(name, `has more than ${limits.tableRows} rows`);
  }
  if (header.length === 0) {
    throw new DatasetError(
      name,
      `is empty; expected a line with the columns ${columns.join(', ')}, and a line for each row`,
    );
  }
  return {
    header,
    rows: lines.map(
      ({ record, info }) => new TableRow(record, `${name}:${info.lines}`),
    ),
  };
}

/** Looked at before the rows: what is wrong with the header shows in every one of them. */
function expectColumns(
  header: readonly string[],
  name: string,
  columns: readonly string[],
): void {
  const refuse = (problem: string): never => {
    throw new DatasetError(`${name}:1`, problem);
  };
  const missing = columns.filter((column) => !header.includes(column));
  if (missing.length > 0) {
    const [only = ''] = header;
    const separator = [';', '\t', '|'].find((one) => only.includes(one));
    if (header.length === 1 && separator !== undefined) {
      refuse(
        `has values with ${separator === '\t' ? 'tabs' : `"${separator}"`} between them, expected commas; save it as CSV with commas, and numbers with decimal points`,
      );
    }
    refuse(
      `lacks the columns ${missing.join(', ')}; it has ${header.map(shown).join(', ')}${spellingOf(header, missing)}`,
    );
  }
  const repeated = columns.filter(
    (column) => header.indexOf(column) < header.lastIndexOf(column),
  );
  if (repeated.length > 0) {
    refuse(`has the columns ${repeated.join(', ')} twice, expected each once`);
  }
}

/** Blanks around a name would not be seen without quotes. */
function shown(column: string): string {
  return column === column.trim() && column !== '' ? column : `"${column}"`;
}

function spellingOf(
  header: readonly string[],
  missing: readonly string[],
): string {
  const close = header.find((column) =>
    missing.includes(column.trim().toLowerCase()),
  );
  return close === undefined
    ? ''
    : `. Write ${close.trim().toLowerCase()} for ${shown(close)}, in small letters and without blanks around it`;
}

/** What the parser refuses, with the line where it says one. */
function malformed(
  error: unknown,
  name: string,
  columns: number,
): DatasetError {
  const problem = error instanceof Error ? error.message : String(error);
  if (!(error instanceof CsvError)) {
    return new DatasetError(name, problem, { cause: error });
  }
  const { code, lines, record } = error as CsvError & {
    readonly lines?: unknown;
    readonly record?: unknown;
  };
  const place = typeof lines === 'number' ? `${name}:${lines}` : name;
  return new DatasetError(
    place,
    code === 'CSV_RECORD_INCONSISTENT_COLUMNS' && Array.isArray(record)
      ? `has ${record.length} values, and the header has ${columns} columns${record.length > columns ? '; a value with a comma in it needs quotes around it' : ''}`
      : problem,
    { cause: error },
  );
}
