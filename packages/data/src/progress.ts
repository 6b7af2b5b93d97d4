/** How far a long job is. */
export interface Progress {
  /** what is being done: `annotations`, `headers`, `scans` */
  readonly stage: string;
  readonly done: number;
  readonly total: number;
}

/** What every long job takes. */
export interface JobOptions {
  /** stops the job, which then throws the signal's reason and leaves nothing behind */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** is told, in words, of what whoever started the job may want to know */
  readonly onNote?: ((message: string) => void) | undefined;
}
