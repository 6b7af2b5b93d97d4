import { kernels } from '../../src/onnx/kernels/index.js';
import type { Case } from './case.js';
import { families } from './cases/index.js';

/** The lines of `KERNELS.md` between which the table stands. */
const tableStart = '<!-- kernels: start -->';
const tableEnd = '<!-- kernels: end -->';

/** What the table is made of. */
interface TableSource {
  /** the kernels that each engine has, by the engine's name */
  readonly engines: Readonly<Record<string, Iterable<string>>>;
  readonly families: Readonly<Record<string, readonly Case[]>>;
}

/** The table of this package's `KERNELS.md`. */
export const engineTable = kernelTable({
  // TensorFlow's kernels pass the same suite.
  engines: { onnx: Object.keys(kernels), tensorflow: Object.keys(kernels) },
  families,
});

/** A Markdown table of every kernel: the operations that show it, whether its gradient is held to tfjs's, and where it runs. */
function kernelTable({ engines, families }: TableSource): string {
  const cases = Object.values(families).flat();
  const has = Object.entries(engines).map(
    ([name, kernels]) => [name, new Set(kernels)] as const,
  );
  const kernels = [...new Set(has.flatMap(([, own]) => [...own]))].sort();
  const rows = kernels.map((kernel) => {
    const shown = cases.filter((one) => one.kernels.includes(kernel));
    const operations = [...new Set(shown.map(({ op }) => operationOf(op)))];
    return [
      `\`${kernel}\``,
      operations.map((operation) => `\`${operation}\``).join(', '),
      shown.some(({ gradient }) => gradient) ? '✓' : '',
      has.flatMap(([name, own]) => (own.has(kernel) ? [name] : [])).join(', '),
    ];
  });
  return [
    ['kernel', 'tfjs operations', 'gradient', 'engines'],
    ['---', '---', '---', '---'],
    ...rows,
  ]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** The operation alone, without what is particular in a case. */
function operationOf(op: string): string {
  return /^tf(?:\.\w+)+/.exec(op)?.[0] ?? op;
}

/** The document with the table in its place. @throws `Error` when the place is not marked */
export function withTable(document: string, table: string): string {
  const start = document.indexOf(tableStart);
  const end = document.indexOf(tableEnd);
  if (start < 0 || end < start) {
    throw new Error(
      `the document has no place for the table, which goes between the lines "${tableStart}" and "${tableEnd}"`,
    );
  }
  return `${document.slice(0, start)}${tableStart}\n\n${table}\n\n${document.slice(end)}`;
}
