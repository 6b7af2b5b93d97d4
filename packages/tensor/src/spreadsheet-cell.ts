/**
 * What a spreadsheet takes for a formula, behind any number of quotes; Excel reads the wide forms of the signs, too.
 *
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
const formula = /^'*[=+\-@\t\r\n＝＋－＠]/u;

const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * A cell's text as it is written to a CSV file that people open in spreadsheets: with a single quote before what would be
 * run as a formula. Numbers stay numbers, and all other texts what they are.
 */
export function toSpreadsheetCell(text: string): string {
  return formula.test(text) && !number.test(text) ? `'${text}` : text;
}

/** The text that {@link toSpreadsheetCell} wrote. */
export function fromSpreadsheetCell(cell: string): string {
  return cell.startsWith("'") && formula.test(cell) ? cell.slice(1) : cell;
}

/** A cell that holds what other spreadsheets take for the end of one is written in quotes, too. */
export const quotedInSpreadsheets = /[;\t]/;
