import type { Progress } from '@clip-lung/data';

import { shownJson, shownLine } from './shown.js';

/** Where a command writes to. */
export interface Streams {
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/**
 * What a command shows: its result on standard output, all else on standard error. With `--json` the result is one JSON
 * object. Progress overwrites its line on a terminal; elsewhere it is a plain line every few seconds. Whatever it shows is
 * text: what a file says cannot move the cursor, colour a line or begin another.
 */
export class Screen {
  readonly #streams: Streams;
  readonly #quietFor: number;
  #live = false;
  #stage = '';
  #started = 0;
  #shown = 0;

  constructor(
    streams: Streams,
    readonly json: boolean,
    /** milliseconds between two lines of progress where there is no terminal */
    { quietFor = 10_000 }: { readonly quietFor?: number } = {},
  ) {
    this.#streams = streams;
    this.#quietFor = quietFor;
  }

  /** The result, in one of its two forms. */
  result(lines: readonly string[], json: unknown): void {
    this.#endLine();
    const text = this.json ? shownJson(json) : lines.map(shownLine).join('\n');
    this.#streams.out.write(`${text}\n`);
  }

  /** Lines for whoever watches. */
  readonly note = (...lines: readonly string[]): void => {
    this.#endLine();
    for (const line of lines) this.#streams.err.write(`${shownLine(line)}\n`);
  };

  /** How far a stage is, and how long it will take. */
  readonly progress = ({ stage, done, total }: Progress, detail = ''): void => {
    const now = performance.now();
    if (stage !== this.#stage) {
      this.#endLine();
      this.#stage = stage;
      this.#started = now;
      this.#shown = now;
    }
    const line = shownLine(
      `${stage} ${done}/${total}${estimate(done, total, now - this.#started)}${detail}`,
    );
    const last = done >= total;
    if (this.#streams.err.isTTY === true) {
      this.#streams.err.write(`\r\x1b[2K${line}`);
      this.#live = true;
      if (last) this.#endLine();
    } else if (last || now - this.#shown >= this.#quietFor) {
      this.#streams.err.write(`${line}\n`);
      this.#shown = now;
    }
    if (last) this.#stage = '';
  };

  #endLine(): void {
    if (this.#live) this.#streams.err.write('\n');
    this.#live = false;
  }
}

/** `, 12 s left`, when there is enough to tell from; the rest is taken to go as fast as what is done. */
export function estimate(
  done: number,
  total: number,
  milliseconds: number,
): string {
  if (done === 0 || done >= total || milliseconds < 1000) return '';
  return `, ${duration((milliseconds / done) * (total - done))} left`;
}

/** `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
