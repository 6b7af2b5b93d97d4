import { createJiti } from 'jiti';

import type { PluginSources } from './plugin-sources.js';

const jiti = createJiti(import.meta.url, { fsCache: false });

/**
 * Whether two versions of a plugin are one program: their files have the same names, and differ in comments and layout alone;
 * the packages that they import are the same.
 */
export function isSameProgram(
  one: PluginSources,
  other: PluginSources,
): boolean {
  const names = Object.keys(one.record.files);
  if (names.join('\n') !== Object.keys(other.record.files).join('\n')) {
    return false;
  }
  const packages = ({ record }: PluginSources): string =>
    JSON.stringify(record.packages);
  if (packages(one) !== packages(other)) return false;
  const [a, b] = [codeOf(one), codeOf(other)];
  return names.every((name) => a.get(name) === b.get(name));
}

function codeOf({ files }: PluginSources): ReadonlyMap<string, string> {
  return new Map(
    [...files.values()].map(({ name, bytes }) => [
      name,
      compiled(name, Buffer.from(bytes).toString('latin1')),
    ]),
  );
}

/** As the loader compiles it, without comments and layout. Of what is no code, the text. */
function compiled(name: string, text: string): string {
  if (!/\.[cm]?[jt]sx?$/.test(name)) return text;
  return jiti.transform({
    source: Buffer.from(text, 'latin1').toString('utf8'),
    filename: name,
    ts: /\.[cm]?tsx?$/.test(name),
    async: true,
    babel: { comments: false, compact: true, retainLines: false },
  });
}
