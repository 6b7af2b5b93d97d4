/**
 * The element at an index that must be there.
 *
 * Reading past the end gives `undefined`, and a default in its place would be a value that nobody wrote.
 *
 * In loops over voxels or points, where the check would cost as much as the work, it says `array[i] as number`: the loop's
 * bounds are the array's, and a mistake in them gives NaN, which shows, in place of a 0, which does not.
 *
 * @param what what the elements are, for the error
 * @throws RangeError for an index at which there is nothing
 */
export function at<T>(
  elements: ArrayLike<T | undefined>,
  index: number,
  what = 'elements',
): T {
  const element = elements[index];
  if (element !== undefined) return element;
  throw new RangeError(
    `there is nothing at ${index} of ${elements.length} ${what}`,
  );
}
