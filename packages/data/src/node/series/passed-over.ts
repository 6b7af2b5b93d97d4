import type { Warning } from '../../warning.js';
import type { SeriesIndex } from './series-index.js';

/** How many kinds of files a message names. */
const mostKinds = 5;

/**
 * What the files of a folder are that no CT series was found in, in brackets after a space: ` (ignored: 12 × DICOM of modality MR,
 * 4 × a PNG image; 3 files cannot be read, the first because …)`. Empty where there is nothing to tell.
 */
export function passedOverText({
  passedOver,
  warnings,
}: Pick<SeriesIndex<unknown>, 'passedOver' | 'warnings'>): string {
  const kinds = [...passedOver].map(([kind, count]) => `${count} × ${kind}`);
  const others = kinds.length - mostKinds;
  const shown = [
    ...kinds.slice(0, mostKinds),
    ...(others > 0 ? [`${others} other kinds`] : []),
  ];
  const parts = [
    ...(shown.length > 0 ? [`ignored: ${shown.join(', ')}`] : []),
    ...unreadableText(warnings),
  ];
  return parts.length > 0 ? ` (${parts.join('; ')})` : '';
}

function unreadableText(warnings: readonly Warning[]): readonly string[] {
  const [first] = warnings;
  if (first === undefined) return [];
  if (warnings.length === 1) return [`cannot be read: ${first.message}`];
  return [
    `${warnings.length} files cannot be read, the first because ${first.message}`,
  ];
}
