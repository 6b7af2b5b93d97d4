import type { Case } from './case.js';

/** The lines of a README between which the table stands. */
const tableStart = '<!-- kernels: start -->';
const tableEnd = '<!-- kernels: end -->';

/** What the table is made of. */
export interface TableSource {
  /** the kernels that each engine has, by the engine's name */
  readonly engines: Readonly<Record<string, Iterable<string>>>;
  readonly families: Readonly<Record<string, readonly Case[]>>;
}

/** A Markdown table of every kernel: the operations that show it, whether its gradient is held to tfjs's, and where it runs. */
export function kernelTable({ engines, families }: TableSource): string {
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

/** A README with the table in its place. @throws `Error` when the place is not marked */
export function withTable(readme: string, table: string): string {
  const start = readme.indexOf(tableStart);
  const end = readme.indexOf(tableEnd);
  if (start < 0 || end < start) {
    throw new Error(
      `the README has no place for the table; it goes between the lines "${tableStart}" and "${tableEnd}"`,
    );
  }
  return `${readme.slice(0, start)}${tableStart}\n\n${table}\n\n${readme.slice(end)}`;
}
