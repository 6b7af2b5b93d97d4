/**
 * Values of plain JSON by the path to each, as overrides write it: `losses[0].weight`. Lists of plain values, and what is empty, are
 * values themselves.
 */
export function flatFields(
  value: unknown,
  path = '',
): ReadonlyMap<string, string> {
  const entries = entriesOf(value, path);
  if (entries === undefined || entries.length === 0) {
    return new Map([[path, JSON.stringify(value)]]);
  }
  return new Map(entries.flatMap(([at, one]) => [...flatFields(one, at)]));
}

function entriesOf(
  value: unknown,
  path: string,
): readonly (readonly [path: string, value: unknown])[] | undefined {
  if (Array.isArray(value)) {
    const list = value as readonly unknown[];
    if (!list.some((one) => typeof one === 'object')) return undefined;
    return list.map((one, i) => [`${path}[${i}]`, one]);
  }
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).map(([key, one]) => [
    path === '' ? key : `${path}.${key}`,
    one,
  ]);
}
