import { GridFileError } from '../errors.js';
import type { CheckedGrid } from './check-grid.js';

/** @throws {@link GridFileError} for a `--set` that the grid undoes in every experiment */
export function expectEffect(
  { axes, seeds }: CheckedGrid,
  overrides: readonly string[],
): void {
  for (const override of overrides) {
    const path = override.slice(0, Math.max(0, override.indexOf('=')));
    const isWithin = (field: string): boolean =>
      path === field ||
      ['.', '['].some((next) => path.startsWith(`${field}${next}`));
    const axis = Object.keys(axes).find(
      (name) => Array.isArray(axes[name]) && isWithin(name),
    );
    if (axis !== undefined) {
      throw new GridFileError(
        `--set ${override}: changes nothing, as the axis "${axis}" of the grid says what ${axis} is; change the axis, or start some of its values only (--only ${axis}=…)`,
      );
    }
    if (path === 'training.seed' && seeds !== undefined) {
      throw new GridFileError(
        `--set ${override}: changes nothing, as the grid says its seeds; change them there, or start some only (--only seed=…)`,
      );
    }
  }
}
