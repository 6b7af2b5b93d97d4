import { fromBinary } from '@bufbuild/protobuf';

import type { SummaryValue, TensorBoardEvent } from './event.js';
import { decodeHparams, hparamsPlugin } from './hyperparameters.js';
import {
  DataType,
  type Event,
  EventSchema,
  SessionLog_SessionStatus,
  type Summary_Value,
  type TensorProto,
} from './proto/tensorboard_pb.js';
import { readRecords } from './records.js';

/** What an event file holds, as far as it can be read. */
export interface ReadEvents {
  readonly events: readonly TensorBoardEvent[];
  /** why nothing more could be read; undefined at the file's proper end */
  readonly problem: string | undefined;
}

/** Reads the bytes of an event file up to the end, or up to the first record that is cut off or damaged. */
export function decodeEvents(file: Uint8Array): ReadEvents {
  const { records, problem } = readRecords(file);
  const events: TensorBoardEvent[] = [];
  for (const record of records) {
    try {
      events.push(eventOf(fromBinary(EventSchema, record)));
    } catch (error) {
      return {
        events,
        problem: `record ${events.length} is not an event (${String(error)})`,
      };
    }
  }
  return { events, problem };
}

function eventOf({ wallTime, step, what }: Event): TensorBoardEvent {
  const moment = { wallTime, step: Number(step) };
  switch (what.case) {
    case 'fileVersion':
      return { ...moment, kind: 'file-version', version: what.value };
    case 'sessionLog':
      return what.value.status === SessionLog_SessionStatus.START
        ? { ...moment, kind: 'restart' }
        : { ...moment, kind: 'other' };
    case 'summary':
      return {
        ...moment,
        kind: 'summary',
        values: what.value.value.map(valueOf),
      };
    case undefined:
      return { ...moment, kind: 'other' };
  }
}

function valueOf({ tag, metadata, value }: Summary_Value): SummaryValue {
  const other = { kind: 'other', tag } as const;
  const plugin = metadata?.pluginData;
  if (plugin?.pluginName === hparamsPlugin) {
    return decodeHparams(plugin.content) ?? other;
  }
  // Scalars have a field of their own, or, of TensorFlow 2, are tensors.
  if (value.case === 'simpleValue') {
    return { kind: 'scalar', tag, value: value.value };
  }
  if (value.case !== 'tensor') return other;
  if (plugin?.pluginName === 'scalars') {
    const number = numberIn(value.value);
    return number === undefined
      ? other
      : { kind: 'scalar', tag, value: number };
  }
  const [text] = value.value.stringVal;
  if (plugin?.pluginName !== 'text' || text === undefined) return other;
  return { kind: 'text', tag, text: new TextDecoder().decode(text) };
}

/** A tensor's only number, which may stand in a list of its type, or as bytes. */
function numberIn(tensor: TensorProto): number | undefined {
  const { dtype, doubleVal, floatVal, tensorContent: bytes } = tensor;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (dtype === DataType.DT_DOUBLE) {
    return bytes.length === 8 ? view.getFloat64(0, true) : doubleVal[0];
  }
  if (dtype !== DataType.DT_FLOAT) return undefined;
  return bytes.length === 4 ? view.getFloat32(0, true) : floatVal[0];
}
