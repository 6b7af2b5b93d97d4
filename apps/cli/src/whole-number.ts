import { InvalidArgumentError } from 'commander';

/** Reads a whole number of at least `least` off the command line. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least)
      return value;
    throw new InvalidArgumentError(
      `expected a whole number of at least ${least}.`,
    );
  };
}
