import type { RunRecord } from '@clip-lung/run';
import {
  scalarsByStep,
  type SummaryValue,
  type TensorBoardEvent,
} from '@clip-lung/tensorboard';
import {
  createEventFile,
  type EventFile,
  readEventFolder,
} from '@clip-lung/tensorboard/node';

import { testAccuracy, type TrackedFold } from '../tracked-fold.js';
import { describeSession } from './session.js';

/** One step of a folder's events. */
interface Step {
  readonly step: number;
  /** seconds since 1970 */
  readonly time: number;
  readonly scalars: ReadonlyMap<string, number>;
}

/** The event files of a fold, which {@link FoldEvents.follow} brings up to what the fold's log says. */
export class FoldEvents {
  readonly #folder: string;
  readonly #session: readonly SummaryValue[];
  readonly #isNew: boolean;
  /** what TensorBoard has, by epoch */
  readonly #known: Map<number, ReadonlyMap<string, number>>;
  #ended: boolean;
  #file: EventFile | undefined;
  #written = 0;

  private constructor(
    folder: string,
    session: readonly SummaryValue[],
    events: readonly TensorBoardEvent[],
  ) {
    this.#folder = folder;
    this.#session = session;
    this.#isNew = events.length === 0;
    this.#known = new Map(scalarsByStep(events));
    this.#ended = hasEnded(events);
  }

  /**
   * Reads what is there.
   *
   * @param folder where the event files are, or are to be
   * @throws `FileReadError`
   */
  static async open(
    folder: string,
    { run, record }: { readonly run: string; readonly record: RunRecord },
  ): Promise<FoldEvents> {
    const events = await readEventFolder(folder);
    return new FoldEvents(folder, describeSession(run, record), events);
  }

  /** scalars written so far */
  get written(): number {
    return this.#written;
  }

  get file(): string | undefined {
    return this.#file?.file;
  }

  /**
   * Writes what is missing. From the first epoch on that TensorBoard has otherwise than the log, all is written anew.
   *
   * @param start begins a file also if there is nothing to write yet, so that the session is seen
   * @throws `FileWriteError`
   */
  async follow(
    { epochs, test }: TrackedFold,
    { start = false }: { readonly start?: boolean } = {},
  ): Promise<void> {
    const steps: readonly Step[] = epochs.map(
      ({ epoch: step, time, numbers }, index) => ({
        step,
        time,
        scalars: new Map(
          [
            ...numbers,
            ...(test !== null && index === epochs.length - 1
              ? [[testAccuracy, test.accuracy] as const]
              : []),
            // What is read back has 32 bits.
          ].map(([name, value]) => [name, Math.fround(value)]),
        ),
      }),
    );
    const last = steps.at(-1);
    const other = steps.findIndex((one) => !this.#agrees(one, one === last));
    const from = other < 0 ? steps.length : other;
    const next = steps[from]?.step ?? (last === undefined ? 0 : last.step + 1);
    const isStale = [...this.#known.keys()].some((step) => step >= next);
    const isOver = test !== null && !this.#ended;
    const missing = steps
      .map(({ scalars, ...one }, index) => ({
        ...one,
        scalars:
          index < from
            ? without(scalars, this.#known.get(one.step) ?? new Map())
            : scalars,
      }))
      .filter(({ scalars }) => scalars.size > 0);
    if (!start && !isStale && !isOver && missing.length === 0) return;

    const now = Date.now() / 1000;
    const events: TensorBoardEvent[] = [];
    if (isStale || (this.#file === undefined && !this.#isNew)) {
      events.push({ kind: 'restart', step: next, wallTime: now });
      this.#forget(next);
    }
    if (this.#file === undefined) {
      const startTime = steps[from]?.time ?? now;
      const values = this.#session.map((value) =>
        value.kind === 'hparams-start' ? { ...value, startTime } : value,
      );
      events.push({ kind: 'summary', step: next, wallTime: startTime, values });
    }
    for (const { step, time, scalars } of missing) {
      const values = [...scalars].map(
        ([tag, value]) => ({ kind: 'scalar', tag, value }) as const,
      );
      events.push({ kind: 'summary', step, wallTime: time, values });
    }
    if (test !== null && !this.#ended) {
      const values = [
        { kind: 'hparams-end', status: 'success', endTime: test.time } as const,
      ];
      const step = last?.step ?? 0;
      events.push({ kind: 'summary', step, wallTime: test.time, values });
    }
    this.#file ??= await createEventFile(this.#folder);
    await this.#file.write(events);
    for (const { step, scalars } of missing) {
      const known = this.#known.get(step) ?? [];
      this.#known.set(step, new Map([...known, ...scalars]));
      this.#written += scalars.size;
    }
    this.#ended ||= test !== null;
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  /**
   * Whether what TensorBoard has of a step may stay. The last one may gain a scalar, the test; before it, one that is added would
   * come after those of later steps, and TensorBoard would drop these.
   */
  #agrees({ step, scalars }: Step, isLast: boolean): boolean {
    const known = this.#known.get(step);
    if (known === undefined) return false;
    return [...scalars].every(([tag, value]) =>
      isLast && !known.has(tag) ? true : known.get(tag) === value,
    );
  }

  #forget(from: number): void {
    for (const step of [...this.#known.keys()]) {
      if (step >= from) this.#known.delete(step);
    }
    this.#ended = false;
  }
}

function without(
  scalars: ReadonlyMap<string, number>,
  known: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  return new Map([...scalars].filter(([tag]) => !known.has(tag)));
}

/** Whether the last thing that is known of the session is its end. */
function hasEnded(events: readonly TensorBoardEvent[]): boolean {
  let ended = false;
  for (const event of events) {
    if (event.kind === 'restart') ended = false;
    if (event.kind !== 'summary') continue;
    ended ||= event.values.some(({ kind }) => kind === 'hparams-end');
  }
  return ended;
}
