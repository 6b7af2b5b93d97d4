import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { decodeEvents } from './decode-events.js';
import { encodeEvent } from './encode-event.js';
import {
  fileVersion,
  type Hyperparameter,
  type TensorBoardEvent,
} from './event.js';
import { frameRecord, readRecords } from './records.js';

/** What torch.utils.tensorboard wrote, as tools/reference/tensorboard_events.py lists it. */
const given = JSON.parse(fixture('events.json').toString()) as {
  readonly wallTime: number;
  readonly text: string;
  readonly hyperparameters: Readonly<Record<string, Hyperparameter>>;
  readonly metrics: readonly string[];
  readonly scalars: readonly {
    readonly tag: string;
    readonly value: number;
    readonly step: number;
  }[];
  /** each record's data, hexadecimal */
  readonly records: readonly string[];
};

describe('event files of torch.utils.tensorboard', () => {
  it('are framed, and have the checksums, that ours have', () => {
    const file = fixture('torch.tfevents');
    const { records, problem } = readRecords(file);
    expect(problem).toBeUndefined();
    expect(records).toHaveLength(given.records.length);
    expect(Buffer.concat(records.map(frameRecord)).equals(file)).toBe(true);
  });

  it('are written byte for byte', () => {
    // The first record names the writer.
    const records = given.records.slice(1, -readOnly.length);
    expect(events.map(dataOf)).toEqual(records);
  });

  it('are read as what was written', () => {
    const file = Buffer.concat(events.map(encodeEvent));
    expect(decodeEvents(file)).toEqual({
      events: events.map(asKept),
      problem: undefined,
    });
    const theirs = decodeEvents(fixture('torch.tfevents')).events;
    expect(theirs.map(({ kind, step }) => [kind, step])).toEqual([
      ['file-version', 0],
      ...[...events, ...readOnly].map(({ kind, step }) => [kind, step]),
    ]);
    expect(theirs.slice(-readOnly.length)).toEqual(readOnly);
  });
});

const at = (step: number) => ({ wallTime: given.wallTime, step });

const events: readonly TensorBoardEvent[] = [
  { ...at(3), kind: 'file-version', version: fileVersion },
  { ...at(3), kind: 'restart' },
  ...given.scalars.map(
    ({ step, ...scalar }): TensorBoardEvent => ({
      ...at(step),
      kind: 'summary',
      values: [{ kind: 'scalar', ...scalar }],
    }),
  ),
  {
    ...at(4),
    kind: 'summary',
    values: [{ kind: 'text', tag: 'run/text_summary', text: given.text }],
  },
  ...Object.entries(given.hyperparameters).flatMap(([name, value]) => {
    const hyperparameters = { [name]: value };
    return (
      [
        {
          kind: 'hparams-experiment',
          hyperparameters,
          metrics: given.metrics,
        },
        {
          kind: 'hparams-start',
          hyperparameters,
          group: '',
          startTime: given.wallTime,
        },
        { kind: 'hparams-end', status: 'success', endTime: given.wallTime },
      ] as const
    ).map(
      (one): TensorBoardEvent => ({ ...at(5), kind: 'summary', values: [one] }),
    );
  }),
  {
    ...at(6),
    kind: 'summary',
    values: [
      {
        kind: 'hparams-start',
        hyperparameters: { 'training.nesterov': true },
        group: '',
        startTime: given.wallTime,
      },
    ],
  },
];

/** Scalars as tensors, in 32 and in 64 bits. */
const readOnly: readonly TensorBoardEvent[] = [Math.fround(0.1), 0.1].map(
  (value, i) => ({
    ...at(7 + i),
    kind: 'summary',
    values: [{ kind: 'scalar', tag: 'loss', value }],
  }),
);

/** What a file keeps: of a scalar 32 bits, and of an experiment's hyperparameters the types. */
function asKept(event: TensorBoardEvent): TensorBoardEvent {
  if (event.kind !== 'summary') return event;
  const examples = { string: '', number: 0, boolean: false };
  return {
    ...event,
    values: event.values.map((value) => {
      if (value.kind === 'scalar') {
        return { ...value, value: Math.fround(value.value) };
      }
      if (value.kind !== 'hparams-experiment') return value;
      const hyperparameters = Object.fromEntries(
        Object.entries(value.hyperparameters).map(([name, one]) => [
          name,
          examples[typeof one as keyof typeof examples],
        ]),
      );
      return { ...value, hyperparameters };
    }),
  };
}

function dataOf(event: TensorBoardEvent): string {
  const { records } = readRecords(encodeEvent(event));
  return Buffer.concat(records).toString('hex');
}

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
}
