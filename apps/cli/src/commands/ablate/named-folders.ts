import { basename, resolve } from 'node:path';

import { UsageError } from '../../exit-codes.js';

/**
 * The datasets of `--data folder`, or `--data name=folder`, given several times: absolute folders by name, which is that of the
 * folder where none is given.
 *
 * @throws {@link UsageError} for two of one name
 */
export function namedFolders(
  given: readonly string[],
): Readonly<Record<string, string>> {
  const folders = new Map<string, string>();
  for (const text of given) {
    const [, name, folder] = /^([\w.-]+)=(.+)$/s.exec(text) ?? [];
    const absolute = resolve(folder ?? text);
    const own = name ?? basename(absolute);
    if (folders.has(own)) {
      throw new UsageError(
        `--data ${text}: there are two datasets called ${own}; give one of them a name of its own: --data other=${folder ?? text}`,
      );
    }
    folders.set(own, absolute);
  }
  return Object.fromEntries(folders);
}
