import type { LidcManifest } from '../src/dataset/manifest.js';

/** What the manifest of a dataset of version 3 was, which had no digests. */
export function formerManifest(text: string): string {
  const { source, classes, attributes, columns, split, counts, ...rest } =
    JSON.parse(text) as LidcManifest & { readonly sha256?: string };
  if (split.kind !== 'made') throw new TypeError('its folds were not made');
  expectLidc(classes, attributes, columns);
  const { folds, seed } = split;
  const former = {
    ...rest,
    version: 3,
    rule: source.rule,
    options: { ...source.options, folds, seed },
    ratings: true,
    split: 'made',
    counts: { ...source.counts, ...counts },
    failures: source.failures,
    files: undefined,
    sha256: undefined,
  };
  return `${JSON.stringify(former, null, 2)}\n`;
}

function expectLidc(
  { names }: LidcManifest['classes'],
  attributes: readonly string[],
  columns: readonly string[],
): void {
  if (names.length === 3 && attributes.length === 8 && columns.length === 0) {
    return;
  }
  throw new TypeError('it is not of LIDC-IDRI');
}
