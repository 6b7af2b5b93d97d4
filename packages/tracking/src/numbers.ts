/** A number inside a JSON value, by the names on the way to it: `validation/accuracy`. */
export type NamedNumber = readonly [name: string, value: number];

/** The numbers of a JSON object, those of objects in it included; lists, texts and truth values are left out. */
export function numbersOf(value: unknown, name = ''): readonly NamedNumber[] {
  if (typeof value === 'number') return [[name, value]];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [];
  }
  return Object.entries(value).flatMap(([key, child]) =>
    numbersOf(child, name === '' ? key : `${name}/${key}`),
  );
}
