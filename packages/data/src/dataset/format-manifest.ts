import type { Manifest } from './manifest.js';
import type { LidcRecord } from './source-record.js';

/**
 * What was made, for a terminal: nodules and classes, how they came about, what was odd and what was left out.
 *
 * @param out the dataset's folder, the last line
 */
export function formatManifest(
  {
    counts,
    classes,
    collection,
    source,
    split,
    attributes,
    warnings,
  }: Manifest,
  out: string,
): readonly string[] {
  // In an object, names that are numbers come first.
  const place = ([name]: readonly [string, number]): number =>
    classes.names.indexOf(name);
  const labels = Object.entries(counts.labels)
    .sort((a, b) => place(a) - place(b))
    .map(([label, count]) => `${count} ${label}`);
  const scans =
    source.name === 'lidc' ? ` in ${source.counts.scans} scans` : '';
  const rated =
    attributes.length === 0
      ? 'no ratings of attributes'
      : `ratings of ${attributes.length} attributes`;
  const lines = [
    `${counts.nodules} nodules of ${counts.patients} patients${scans}: ${labels.join(', ')}`,
    source.name === 'lidc'
      ? `rule ${source.rule} on the ${source.options.label} malignancy, at least ${source.options.minReaders} ${source.options.minReaders === 1 ? 'reader' : 'readers'}, ${describeSplit(split)}, from ${collection}`
      : `from ${source.name === 'own' ? source.of : source.name} (${collection}), ${describeSplit(split)}; ${rated}`,
  ];
  const odd = Object.entries(counts.warnings).map(
    ([code, count]) => `${count} ${code}`,
  );
  if (odd.length > 0)
    lines.push(`warnings: ${odd.join(', ')} (manifest.json lists them)`);
  if (source.name === 'lidc') lines.push(...lossesOf(source));
  else lines.push(...warnings.map(({ message }) => `  ${message}`));
  lines.push(out);
  return lines;
}

function describeSplit(split: Manifest['split']): string {
  switch (split.kind) {
    case 'made':
      return `${split.folds} folds`;
    case 'given':
      return `${split.folds} folds of its own`;
    case 'own':
      return 'with its own split';
  }
}

/** What of LIDC-IDRI is not in the dataset. */
function lossesOf({ counts, failures }: LidcRecord): readonly string[] {
  const { scansWithoutImages } = counts;
  return [
    ...(scansWithoutImages > 0
      ? [
          `annotated scans without images in the folder, left out: ${scansWithoutImages}`,
        ]
      : []),
    ...(failures.length > 0
      ? [`left out: ${failures.length} scans that could not be prepared`]
      : []),
    ...failures.map(({ file, message }) => `  ${file}: ${message}`),
  ];
}
