import { type Part, parts } from '../../../dataset/nodule.js';
import type { Manifest } from '../../../dataset/manifest.js';
import { DatasetError, OptionError } from '../../../errors.js';
import type { Warning } from '../../../warning.js';
import {
  hasDecimalComma,
  readWholeTable,
  type TableRow,
} from '../../dataset/table.js';
import type { CropOptions } from './crop-options.js';

/** A row of the table: all of a nodule but its crop. */
export interface CropRow {
  readonly id: string;
  readonly patient: string;
  readonly label: string;
  readonly ratings: Readonly<Record<string, number>>;
  readonly columns: Readonly<Record<string, number>>;
  readonly fold?: number;
  readonly part?: Part;
  /** the crop's file, where the table says it */
  readonly file?: string;
  /** throws an error that begins with the row's place in the file */
  readonly refuse: (problem: string) => never;
}

/** What the table of a folder of crops says. */
export interface CropTable {
  readonly rows: readonly CropRow[];
  readonly classes: Manifest['classes'];
  readonly attributes: readonly string[];
  readonly columns: readonly string[];
  readonly split: Manifest['split'];
  readonly warnings: readonly Warning[];
}

/** Columns that mean something; what else is there are attributes or further numbers. */
const known = ['id', 'patient', 'class', 'fold', 'part', 'file'];

/**
 * Reads the table of a folder of crops: id, patient and class of each nodule, and whatever else it has.
 *
 * @param name the file's name, for errors
 * @throws {@link DatasetError} that names the file, the line and the value that is wrong; {@link OptionError} for an option that
 *   the table does not go with
 */
export function readCropTable(
  text: string,
  name: string,
  { attributes = [], folds, seed, ...classOptions }: CropOptions,
): CropTable {
  const { header, rows } = readWholeTable<string>(text, name, [
    ...['id', 'patient', 'class'],
    ...attributes,
  ]);
  const twice = header.find(
    (column, i) => column !== '' && header.indexOf(column) !== i,
  );
  if (twice !== undefined) {
    throw new DatasetError(`${name}:1`, `has the column "${twice}" twice`);
  }
  const reserved = attributes.find((attribute) =>
    [...known, 'label'].includes(attribute),
  );
  if (reserved !== undefined) {
    throw new OptionError(
      `attributes: "${reserved}" is the ${reserved} of a nodule, and cannot be an attribute; call that column otherwise`,
    );
  }
  if (rows.length === 0) throw new DatasetError(name, 'has no nodules');
  expectOnce(rows);
  expectOneSpelling(rows);
  const split = splitOf(header, rows, { name, folds, seed });
  const rest = header.filter(
    (column) => ![...known, ...attributes].includes(column),
  );
  const columns = rest.filter(
    (column) => column !== '' && rows.some(isNumberIn(column)),
  );
  return {
    rows: rows.map((row) =>
      readRow(row, { header, attributes, columns, split }),
    ),
    classes: classesOf(rows, name, classOptions),
    attributes,
    columns,
    split,
    warnings: [...new Set(rest)]
      .filter((column) => !columns.includes(column))
      .map((column) => ({
        code: 'column-left-out',
        file: name,
        message:
          column === ''
            ? 'columns without a name, such as an index of pandas, are left out'
            : `the column "${column}" holds no numbers, and is left out`,
      })),
  };
}

function expectOnce(rows: readonly TableRow<string>[]): void {
  const seen = new Set<string>();
  for (const row of rows) {
    const id = row.text('id');
    if (seen.has(id)) row.refuse(`nodule ${id} is listed twice`);
    seen.add(id);
  }
}

/**
 * Blanks that nobody sees, and letters that are put together in another way, would make two patients of one, on both sides of a
 * split, or two classes.
 */
function expectOneSpelling(rows: readonly TableRow<string>[]): void {
  for (const column of ['id', 'patient', 'class']) {
    const seen = new Map<string, string>();
    for (const row of rows) {
      const text = row.text(column);
      if (text !== text.trim()) {
        row.refuse(
          `"${column}" is "${text}", with blanks around it, and would differ from "${text.trim()}"; take them away`,
        );
      }
      const plain = text.normalize('NFC');
      const before = seen.get(plain) ?? text;
      if (before !== text) {
        row.refuse(
          `"${column}" is "${text}", which looks like an earlier one and is other characters (Unicode normal forms); write both alike`,
        );
      }
      seen.set(plain, text);
    }
  }
}

function isNumberIn(column: string): (row: TableRow<string>) => boolean {
  return (row) => {
    const text = row.optional(column);
    if (text === undefined) return false;
    // One with a decimal comma is refused where it is read, with its line.
    return Number.isFinite(Number(text)) || hasDecimalComma(text);
  };
}

function readRow(
  row: TableRow<string>,
  {
    header,
    attributes,
    columns,
    split,
  }: Pick<CropTable, 'attributes' | 'columns' | 'split'> & {
    readonly header: readonly string[];
  },
): CropRow {
  const id = row.text('id');
  const where = `nodule ${id}`;
  const numbers = (names: readonly string[]): Record<string, number> =>
    Object.fromEntries(
      names.map((name) => [name, row.number(name, -Infinity, Infinity, where)]),
    );
  return {
    id,
    patient: row.text('patient'),
    label: row.text('class'),
    ratings: numbers(attributes),
    columns: numbers(columns),
    ...(split.kind === 'given' && { fold: foldOf(row, where) }),
    ...(split.kind === 'own' && { part: partOf(row, where) }),
    ...(header.includes('file') && { file: row.text('file') }),
    refuse: (problem) => row.refuse(problem),
  };
}

/** Folds are counted from 0. */
function foldOf(row: TableRow<string>, where: string): number {
  return row.whole('fold', 0, 999, where);
}

function partOf(row: TableRow<string>, where: string): Part {
  const text = row.text('part');
  return (
    parts.find((part) => part === text) ??
    row.refuse(
      `"part" is "${text}", expected one of ${parts.join(', ')} (${where})`,
    )
  );
}

function splitOf(
  header: readonly string[],
  rows: readonly TableRow<string>[],
  {
    name,
    folds,
    seed,
  }: Pick<CropOptions, 'folds' | 'seed'> & { readonly name: string },
): Manifest['split'] {
  const given = ['fold', 'part'].filter((column) => header.includes(column));
  const [column] = given;
  if (column === undefined) {
    return { kind: 'made', folds: folds ?? 5, seed: seed ?? 1 };
  }
  if (given.length > 1) {
    throw new DatasetError(
      `${name}:1`,
      'has the columns "fold" and "part", which both divide the nodules; leave one of them out',
    );
  }
  if (folds !== undefined || seed !== undefined) {
    throw new OptionError(
      `${folds === undefined ? 'seed' : 'folds'} does not go with ${name}, whose column "${column}" already divides the nodules; leave out one of them`,
    );
  }
  if (column === 'part') return { kind: 'own' };
  const there = new Set(
    rows.map((row) => foldOf(row, `nodule ${row.text('id')}`)),
  );
  const count = Math.max(...there) + 1;
  for (let fold = 0; fold < Math.max(count, 2); fold++) {
    if (there.has(fold)) continue;
    throw new DatasetError(
      name,
      `has no nodules in fold ${fold}; expected two folds or more, counted from 0, without a gap`,
    );
  }
  return { kind: 'given', folds: count };
}

function classesOf(
  rows: readonly TableRow<string>[],
  name: string,
  { classes, ordered = false }: Pick<CropOptions, 'classes' | 'ordered'>,
): Manifest['classes'] {
  const found = new Set(rows.map((row) => row.text('class')));
  if (classes === undefined) {
    if (ordered) {
      throw new OptionError(
        `ordered says that the classes have an order, but not which one; list them in classes, from the lowest to the highest: ${[...found].join(', ')}, in the right order`,
      );
    }
    if (found.size < 2) {
      throw new OptionError(
        `all nodules are of the class "${[...found].join()}"; a classifier needs two classes or more`,
      );
    }
    expectCase([...found], name);
    return { names: inOrder([...found]), ordered };
  }
  for (const row of rows) {
    const name = row.text('class');
    if (classes.includes(name)) continue;
    row.refuse(
      `"class" is "${name}", expected one of ${classes.join(', ')} (nodule ${row.text('id')})`,
    );
  }
  const lacking = classes.find((name) => !found.has(name));
  if (lacking !== undefined) {
    throw new OptionError(
      `classes has "${lacking}", but no nodule has that class; the table has ${[...found].join(', ')}`,
    );
  }
  return { names: classes, ordered };
}

/** Numbers by their value, names by the alphabet. */
function inOrder(names: readonly string[]): string[] {
  return names.every((one) => Number.isFinite(Number(one)))
    ? [...names].sort((a, b) => Number(a) - Number(b))
    : [...names].sort();
}

function expectCase(names: readonly string[], file: string): void {
  const seen = new Map<string, string>();
  for (const one of names) {
    const plain = one.toLowerCase();
    const before = seen.get(plain);
    if (before !== undefined) {
      throw new DatasetError(
        file,
        `has the classes "${before}" and "${one}", which differ in capitals alone; write them alike, or name both in classes if they are two`,
      );
    }
    seen.set(plain, one);
  }
}
