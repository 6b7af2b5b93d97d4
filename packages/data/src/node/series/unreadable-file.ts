import { FileReadError } from '@clip-lung/tensor/node';

/** What is wrong with the whole machine, and would be with the next file, too. */
const ofMachine = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

/** Whether an error is the system's, about one file. */
export function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}

/**
 * What to tell of a file that the system does not hand out.
 *
 * @param name how messages name it
 * @throws `FileReadError` where it is no fault of the file, which must then not count as lost
 */
export function systemProblem(name: string, error: Error): string {
  const told = new FileReadError(name, error);
  if ('code' in error && ofMachine.has(String(error.code))) throw told;
  return told.message;
}
