import { createHash } from 'node:crypto';

/** Characters of the name of a parameter, metric or tag. */
const longest = 250;

/**
 * Names as MLflow takes them: letters, digits, `_`, `-`, `.`, blanks and slashes, and nothing that a file system would resolve to
 * another name. Names that would become the same are told apart by a number, in their order.
 *
 * @see https://github.com/mlflow/mlflow/blob/master/mlflow/utils/validation.py
 */
export function mlflowNames(
  names: readonly string[],
): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  const found = new Map<string, string>();
  // A name that may stay is nobody else's.
  const sorted = [...new Set(names)].sort(
    (a, b) => Number(plain(a) !== a) - Number(plain(b) !== b),
  );
  for (const name of sorted) {
    let own = plain(name);
    for (let count = 2; taken.has(own); count++)
      own = `${plain(name)}_${count}`;
    taken.add(own);
    found.set(name, own);
  }
  return found;
}

function plain(name: string): string {
  const own = name
    .replaceAll(/[^\p{L}\p{N}_./ -]/gu, '_')
    .split('/')
    .map((part) => (['', '.', '..'].includes(part) ? '_' : part))
    .join('/');
  if (own.length <= longest) return own;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  // Some room is left for a number.
  return `${own.slice(0, longest - 20)}_${digest}`;
}
