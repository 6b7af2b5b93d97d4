import type { Axis, Changes, Variant } from './define-grid.js';

/** What tables, commands and messages call a value of an axis. */
export function nameOfValue(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The names of the values of an axis, in their order. */
export function valueNames(axis: unknown): readonly string[] {
  return Array.isArray(axis)
    ? axis.map(nameOfValue)
    : Object.keys(axis as object);
}

/** Whether a variant is another experiment. */
export function isFile(variant: Variant): variant is string {
  return typeof variant === 'string';
}

/** What a value of an axis changes: nothing for a variant that is another experiment. */
export function changesOf(axis: Axis, name: string, value: string): Changes {
  if (Array.isArray(axis)) {
    const list = axis as readonly unknown[];
    const found = list.find((one) => nameOfValue(one) === value);
    return { [name]: found } as Changes;
  }
  const variant = (axis as Readonly<Record<string, Variant>>)[value];
  return variant === undefined || isFile(variant) ? {} : variant;
}
