/**
 * The element at an index that must be there.
 *
 * Reading past the end gives `undefined`, and a default in its place would be a value that nobody wrote.
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
