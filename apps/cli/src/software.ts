import { readFileSync } from 'node:fs';

/** The version of this command. */
export const version = versionIn(new URL('../package.json', import.meta.url));

function versionIn(file: URL): string {
  const json: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return typeof json === 'object' && json !== null && 'version' in json
    ? String(json.version)
    : 'unknown';
}

/** What a run puts on record of the software that it ran with. */
export function software(): Readonly<
  Record<'clip-lung' | 'node' | 'platform', string>
> {
  return {
    'clip-lung': version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
  };
}
