/**
 * The base of every failure that a caller can act on. `code` names the kind of failure and never changes;
 * `message` says what was found, where, what was expected, and what to do.
 */
export abstract class ClipLungError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Arrays whose shapes, types or names do not fit together. */
export class ShapeError extends ClipLungError {
  readonly code = 'shape';
}

/** An option of a module that does not fit the others, or the data. The message starts with the option's name. */
export class OptionShapeError extends ShapeError {
  constructor(
    /** its name, `groups` */
    readonly option: string,
    /** what is wrong with it: `is 3, which does not divide the 32 channels` */
    readonly problem: string,
  ) {
    super(`${option} ${problem}`);
  }
}

/** A file whose bytes are not what its format asks for. The message starts with the file's name. */
export class FileFormatError extends ClipLungError {
  readonly code = 'file-format';

  constructor(
    readonly file: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`${file}: ${problem}`, options);
  }
}

/** @throws `ShapeError` unless the option is a positive multiple of `step` */
export function checkCount(option: string, value: number, step = 1): void {
  if (!Number.isSafeInteger(value / step) || value < 1) {
    throw new ShapeError(
      `${option} is ${value}, expected ${step === 1 ? 'a whole number of at least 1' : `a multiple of ${step}`}`,
    );
  }
}
