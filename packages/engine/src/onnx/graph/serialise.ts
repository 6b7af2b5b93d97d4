import { at } from '@clip-lung/tensor';
import { create, toBinary } from '@bufbuild/protobuf';

import type { Attributes, GraphPart, GraphValue } from './graph.js';
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  type TensorProto,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx-ml_pb.js';

/** Opset 20 has every operator that the kernels use; format version 9 is the one that came with it. */
const opset = 20;
const irVersion = 9;

/** Constants above this many bytes are kept out of the model's bytes, so that they are never copied into them. */
const inlineBytes = 1024;

const dataTypes = {
  float32: DataType.FLOAT,
  int32: DataType.INT32,
  bool: DataType.BOOL,
  int64: DataType.INT64,
} as const satisfies Record<GraphValue['dtype'], DataType>;

/** A serialised model, and the constants that it refers to by path instead of holding them. */
export interface OnnxModel {
  readonly bytes: Uint8Array;
  readonly externalData: readonly {
    readonly path: string;
    readonly data: Uint8Array;
  }[];
  readonly nodes: number;
}

/**
 * Writes a part of a graph as an ONNX model. Constants among its inputs are inputs.
 *
 * @param options.embedConstants keep every constant inside the bytes, as a file that stands alone needs
 * @see https://github.com/onnx/onnx/blob/main/docs/IR.md
 */
export function serialiseGraph(
  { nodes, inputs, outputs }: GraphPart,
  { embedConstants = false }: { readonly embedConstants?: boolean } = {},
): OnnxModel {
  const given = new Set(inputs.map(({ name }) => name));
  const constants = new Map<string, GraphValue>();
  for (const input of nodes.flatMap((node) => node.inputs)) {
    if (input.constant !== undefined && !given.has(input.name))
      constants.set(input.name, input);
  }
  const externalData: { path: string; data: Uint8Array }[] = [];
  const initializer = [...constants.values()].map((value) =>
    tensorProto(value, (data) => {
      if (embedConstants || data.length <= inlineBytes) return undefined;
      externalData.push({ path: value.name, data });
      return value.name;
    }),
  );
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(irVersion),
    producerName: 'clip-lung',
    opsetImport: [
      create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(opset) }),
    ],
    graph: create(GraphProtoSchema, {
      name: 'traced',
      node: nodes.map((node) =>
        create(NodeProtoSchema, {
          opType: node.op,
          name: at(node.outputs, 0).name,
          input: node.inputs.map(({ name }) => name),
          output: node.outputs.map(({ name }) => name),
          attribute: attributeProtos(node.attributes),
        }),
      ),
      initializer,
      input: inputs.map(valueInfo),
      output: outputs.map(valueInfo),
    }),
  });
  return {
    bytes: toBinary(ModelProtoSchema, model),
    externalData,
    nodes: nodes.length,
  };
}

function tensorProto(
  { name, dtype, shape, constant }: GraphValue,
  keepOutside: (data: Uint8Array) => string | undefined,
): TensorProto {
  if (constant === undefined) {
    throw new TypeError(`${name} is written as a constant, but is not one`);
  }
  const { buffer, byteOffset, byteLength } = constant;
  const rawData = new Uint8Array(buffer, byteOffset, byteLength);
  const dims = shape.map((length) => BigInt(length));
  const dataType = dataTypes[dtype];
  const location = keepOutside(rawData);
  if (location === undefined) {
    return create(TensorProtoSchema, { name, dims, dataType, rawData });
  }
  return create(TensorProtoSchema, {
    name,
    dims,
    dataType,
    dataLocation: DataLocation.EXTERNAL,
    externalData: [
      { key: 'location', value: location },
      { key: 'offset', value: '0' },
      { key: 'length', value: String(rawData.length) },
    ].map((entry) => create(StringStringEntryProtoSchema, entry)),
  });
}

function valueInfo({ name, dtype, shape }: GraphValue): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: {
        case: 'tensorType',
        value: create(TypeProto_TensorSchema, {
          elemType: dataTypes[dtype],
          shape: create(TensorShapeProtoSchema, {
            dim: shape.map((length) =>
              create(TensorShapeProto_DimensionSchema, {
                value: { case: 'dimValue', value: BigInt(length) },
              }),
            ),
          }),
        }),
      },
    }),
  });
}

function attributeProtos(attributes: Attributes): AttributeProto[] {
  const encoder = new TextEncoder();
  return Object.entries(attributes).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (typeof value === 'number') {
      return create(AttributeProtoSchema, {
        name,
        type: AttributeType.INT,
        i: BigInt(value),
      });
    }
    if (typeof value === 'string') {
      return create(AttributeProtoSchema, {
        name,
        type: AttributeType.STRING,
        s: encoder.encode(value),
      });
    }
    if ('float' in value) {
      return create(AttributeProtoSchema, {
        name,
        type: AttributeType.FLOAT,
        f: value.float,
      });
    }
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.INTS,
      ints: value.map((item) => BigInt(item)),
    });
  });
}
