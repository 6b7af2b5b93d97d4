import { ClipLungError, FileFormatError } from '@clip-lung/tensor';

/** Tasks that cannot be started as they are: a wrong or repeated ID, an argument that no command line can hold. */
export class TaskError extends ClipLungError {
  readonly code = 'task';
}

/** A file of a jobs folder whose content is not what its format asks for. The message starts with the file's name. */
export class JobFileError extends FileFormatError {}
