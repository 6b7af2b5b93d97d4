import { formatShape, type NdArray, sameShape } from '@clip-lung/tensor';

import { TensorMismatchError } from './error.js';

/** More lines than this say nothing that the first do not. */
const shownLines = 30;

type Shapes = ReadonlyMap<string, readonly number[]>;

/**
 * How a checkpoint's tensors differ from those that a model expects, one line a tensor, by name:
 * `- name [2, 3]` is missing, `+ name [2]` is too much, `≠ name [2, 3], expected [3, 3]` has another shape.
 */
export function checkpointDifference(
  found: ReadonlyMap<string, NdArray>,
  expected: Shapes,
): readonly string[] {
  const names = [...new Set([...found.keys(), ...expected.keys()])].sort();
  return names.flatMap((name) => {
    const have = found.get(name)?.shape;
    const want = expected.get(name);
    if (have === undefined) return `- ${name} ${formatShape(want ?? [])}`;
    if (want === undefined) return `+ ${name} ${formatShape(have)}`;
    if (sameShape(have, want)) return [];
    return `≠ ${name} ${formatShape(have)}, expected ${formatShape(want)}`;
  });
}

/**
 * @param file the checkpoint, which the error starts with
 * @throws {@link TensorMismatchError} unless the names and shapes are exactly those expected
 */
export function expectTensors(
  found: ReadonlyMap<string, NdArray>,
  expected: Shapes,
  file: string,
): void {
  const difference = checkpointDifference(found, expected);
  if (difference.length === 0) return;
  const shown = difference.slice(0, shownLines);
  const rest = difference.length - shown.length;
  throw new TensorMismatchError(
    file,
    difference,
    [
      `belongs to another model: ${difference.length} tensors differ (- missing, + not expected, ≠ another shape).` +
        ' Use the experiment that the checkpoint was trained with.',
      ...shown.map((line) => `  ${line}`),
      ...(rest > 0 ? [`  … and ${rest} more`] : []),
    ].join('\n'),
  );
}
