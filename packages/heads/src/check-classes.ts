import { checkCount, ShapeError } from '@clip-lung/tensor';

/** @throws `ShapeError` unless there are at least two classes, whose order a head can use */
export function checkClasses(classes: number, owner: string): void {
  checkCount('classes', classes);
  if (classes < 2) {
    throw new ShapeError(
      `classes is ${classes}, ${owner} needs at least 2 to put in order`,
    );
  }
}
