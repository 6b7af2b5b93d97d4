import {
  create,
  fromBinary,
  type MessageInitShape,
  toBinary,
} from '@bufbuild/protobuf';
import type { Value } from '@bufbuild/protobuf/wkt';

import type { Hyperparameter, SessionStatus, SummaryValue } from './event.js';
import {
  HParamInfo_DataType,
  type HParamsPluginData,
  HParamsPluginDataSchema,
  SessionEndInfo_Status,
} from './proto/tensorboard_pb.js';

/** The plugin's name in TensorBoard. */
export const hparamsPlugin = 'hparams';

export type HparamsValue = Extract<
  SummaryValue,
  { kind: `hparams-${'experiment' | 'start' | 'end'}` }
>;

const tags = {
  'hparams-experiment': '_hparams_/experiment',
  'hparams-start': '_hparams_/session_start_info',
  'hparams-end': '_hparams_/session_end_info',
} as const satisfies Record<HparamsValue['kind'], string>;

/** The tag that the plugin looks for. */
export function hparamsTag({ kind }: HparamsValue): string {
  return tags[kind];
}

/** What the plugin keeps in a summary's metadata. */
export function encodeHparams(value: HparamsValue): Uint8Array<ArrayBuffer> {
  const message = create(HParamsPluginDataSchema, {
    version: 0,
    data: dataOf(value),
  });
  return toBinary(HParamsPluginDataSchema, message);
}

function dataOf(
  value: HparamsValue,
): NonNullable<MessageInitShape<typeof HParamsPluginDataSchema>['data']> {
  switch (value.kind) {
    case 'hparams-experiment':
      return {
        case: 'experiment',
        value: {
          hparamInfos: Object.entries(value.hyperparameters).map(
            ([name, example]) => ({ name, type: typeOf(example) }),
          ),
          metricInfos: value.metrics.map((tag) => ({ name: { tag } })),
        },
      };
    case 'hparams-start':
      return {
        case: 'sessionStartInfo',
        value: {
          hparams: Object.fromEntries(
            Object.entries(value.hyperparameters).map(([name, one]) => [
              name,
              { kind: kindOf(one) },
            ]),
          ),
          groupName: value.group,
          startTimeSecs: value.startTime,
        },
      };
    case 'hparams-end':
      return {
        case: 'sessionEndInfo',
        value: { status: statuses[value.status], endTimeSecs: value.endTime },
      };
  }
}

/** @returns undefined for data of the plugin that this package does not know */
export function decodeHparams(content: Uint8Array): HparamsValue | undefined {
  const { data }: HParamsPluginData = fromBinary(
    HParamsPluginDataSchema,
    content,
  );
  switch (data.case) {
    case 'experiment':
      return {
        kind: 'hparams-experiment',
        hyperparameters: Object.fromEntries(
          data.value.hparamInfos.flatMap(({ name, type }) => {
            const example = examples[type];
            return example === undefined ? [] : [[name, example]];
          }),
        ),
        metrics: data.value.metricInfos.map(({ name }) => name?.tag ?? ''),
      };
    case 'sessionStartInfo':
      return {
        kind: 'hparams-start',
        hyperparameters: Object.fromEntries(
          Object.entries(data.value.hparams).flatMap(([name, value]) => {
            const plain = plainOf(value);
            return plain === undefined ? [] : [[name, plain]];
          }),
        ),
        group: data.value.groupName,
        startTime: data.value.startTimeSecs,
      };
    case 'sessionEndInfo':
      return {
        kind: 'hparams-end',
        status: statusOf(data.value.status),
        endTime: data.value.endTimeSecs,
      };
    case undefined:
      return undefined;
  }
}

function kindOf(value: Hyperparameter): Value['kind'] {
  switch (typeof value) {
    case 'string':
      return { case: 'stringValue', value };
    case 'boolean':
      return { case: 'boolValue', value };
    case 'number':
      return { case: 'numberValue', value };
  }
}

function plainOf({ kind }: Value): Hyperparameter | undefined {
  return kind.case === 'stringValue' ||
    kind.case === 'boolValue' ||
    kind.case === 'numberValue'
    ? kind.value
    : undefined;
}

function typeOf(value: Hyperparameter): HParamInfo_DataType {
  switch (typeof value) {
    case 'string':
      return HParamInfo_DataType.STRING;
    case 'boolean':
      return HParamInfo_DataType.BOOL;
    case 'number':
      return HParamInfo_DataType.FLOAT64;
  }
}

/** A file keeps the types alone. */
const examples: Readonly<Record<number, Hyperparameter>> = {
  [HParamInfo_DataType.STRING]: '',
  [HParamInfo_DataType.BOOL]: false,
  [HParamInfo_DataType.FLOAT64]: 0,
};

const statuses: Readonly<Record<SessionStatus, SessionEndInfo_Status>> = {
  unknown: SessionEndInfo_Status.UNKNOWN,
  success: SessionEndInfo_Status.SUCCESS,
  failure: SessionEndInfo_Status.FAILURE,
  running: SessionEndInfo_Status.RUNNING,
};

function statusOf(found: SessionEndInfo_Status): SessionStatus {
  const names = Object.keys(statuses) as readonly SessionStatus[];
  return names.find((name) => statuses[name] === found) ?? 'unknown';
}
