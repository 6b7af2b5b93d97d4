import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { ShapeError } from '@clip-lung/tensor';

import type { SummaryValue, TensorBoardEvent } from './event.js';
import { encodeHparams, hparamsPlugin, hparamsTag } from './hyperparameters.js';
import {
  DataType,
  EventSchema,
  SessionLog_SessionStatus,
  type Summary_ValueSchema,
} from './proto/tensorboard_pb.js';
import { frameRecord } from './records.js';

/**
 * An event as a record of an event file, checksums included.
 *
 * @throws `ShapeError` for a step that is not a whole number, and for what is read only
 */
export function encodeEvent(event: TensorBoardEvent): Uint8Array {
  if (!Number.isSafeInteger(event.step)) {
    throw new ShapeError(`step is ${event.step}, expected a whole number`);
  }
  const message = create(EventSchema, {
    wallTime: event.wallTime,
    step: BigInt(event.step),
    what: whatOf(event),
  });
  return frameRecord(toBinary(EventSchema, message));
}

function whatOf(
  event: TensorBoardEvent,
): NonNullable<MessageInitShape<typeof EventSchema>['what']> {
  switch (event.kind) {
    case 'file-version':
      return { case: 'fileVersion', value: event.version };
    case 'restart':
      return {
        case: 'sessionLog',
        value: { status: SessionLog_SessionStatus.START },
      };
    case 'summary':
      return { case: 'summary', value: { value: event.values.map(valueOf) } };
    case 'other':
      throw new ShapeError('an event of kind "other" is read, and not written');
  }
}

function valueOf(
  value: SummaryValue,
): MessageInitShape<typeof Summary_ValueSchema> {
  switch (value.kind) {
    case 'scalar':
      // TensorBoard's default loader shows nothing of scalars in 64 bits, and many scripts read this field alone.
      return {
        tag: value.tag,
        value: { case: 'simpleValue', value: value.value },
      };
    case 'text':
      return {
        tag: value.tag,
        metadata: { pluginData: { pluginName: 'text' } },
        value: {
          case: 'tensor',
          value: {
            dtype: DataType.DT_STRING,
            stringVal: [new TextEncoder().encode(value.text)],
            tensorShape: { dim: [{ size: 1n }] },
          },
        },
      };
    case 'hparams-experiment':
    case 'hparams-start':
    case 'hparams-end':
      return {
        tag: hparamsTag(value),
        metadata: {
          pluginData: {
            pluginName: hparamsPlugin,
            content: encodeHparams(value),
          },
        },
      };
    case 'other':
      throw new ShapeError('a value of kind "other" is read, and not written');
  }
}
