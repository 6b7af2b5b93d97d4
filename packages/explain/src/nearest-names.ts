/** The names that are nearest to one that is not among them, by the letters that have to be changed, the nearest first. */
export function nearestNames(
  wanted: string,
  names: readonly string[],
  count = 5,
): readonly string[] {
  return names
    .map((name) => ({ name, distance: editDistance(wanted, name) }))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, count)
    .map(({ name }) => name);
}

/** @see Levenshtein 1966 */
function editDistance(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    const row = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const change = (before[j] as number) + (a[i] === b[j] ? 0 : 1);
      const insert = (row[j] as number) + 1;
      const remove = (before[j + 1] as number) + 1;
      row.push(Math.min(change, insert, remove));
    }
    before = row;
  }
  return before[b.length] as number;
}
