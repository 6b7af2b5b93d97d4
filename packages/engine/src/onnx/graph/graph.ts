import { at, formatShape, NdArray, sameShape } from '@clip-lung/tensor';

import type { ElementType } from '../../pure/given-arrays.js';

/** The element types of tfjs that a graph can hold. */
export type GraphType = ElementType;

/** The host array that holds a constant's elements. int64 is for the operands that ONNX wants so: shapes, axes. */
export type ConstantData =
  | Float32Array
  | Int32Array
  | Uint8Array
  | BigInt64Array;

/** An edge of the graph: an input, a constant, or an output of a node. */
export interface GraphValue {
  readonly name: string;
  readonly dtype: GraphType | 'int64';
  readonly shape: readonly number[];
  /** present for constants only, row-major */
  readonly constant?: ConstantData;
}

/** The attributes of an ONNX node. A number is written as an integer, `{ float }` as a float. */
export type Attributes = Readonly<
  Record<
    string,
    number | string | readonly number[] | { readonly float: number } | undefined
  >
>;

export interface GraphNode {
  readonly op: string;
  readonly inputs: readonly GraphValue[];
  readonly attributes: Attributes;
  readonly outputs: readonly GraphValue[];
}

/** What becomes one model: nodes in an order in which they can run, and what goes in and out. */
export interface GraphPart {
  readonly nodes: readonly GraphNode[];
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
}

export interface NodeOutput {
  readonly dtype: GraphValue['dtype'];
  readonly shape: readonly number[];
}

/**
 * An ONNX graph while it grows. A node with the same operator, inputs and attributes as an earlier one is that earlier
 * one: common subexpressions are merged as they are made.
 */
export class Graph {
  readonly inputs: GraphValue[] = [];
  readonly nodes: GraphNode[] = [];
  readonly outputs: GraphValue[] = [];
  /** is told of every node that is made, by the name of its first result */
  onNode: ((name: string) => void) | undefined;
  readonly #known = new Map<string, readonly GraphValue[]>();
  readonly #constants = new Map<string, GraphValue>();
  /** large constants, by type and shape */
  readonly #arrays = new Map<string, readonly GraphValue[]>();
  /** names of what nodes give */
  readonly #made = new Set<string>();
  #names = 0;

  input(name: string, dtype: GraphType, shape: readonly number[]): GraphValue {
    const value = { name, dtype, shape };
    this.inputs.push(value);
    return value;
  }

  /** Adds an operator with several results. */
  multiNode(
    op: string,
    inputs: readonly GraphValue[],
    outputs: readonly NodeOutput[],
    attributes: Attributes = {},
  ): readonly GraphValue[] {
    const key = `${op}(${inputs.map((input) => input.name).join()})${JSON.stringify(attributes)}${outputs.map((output) => output.dtype + formatShape(output.shape)).join()}`;
    let values = this.#known.get(key);
    if (values === undefined) {
      values = outputs.map((output) => ({ name: this.#name(op), ...output }));
      this.nodes.push({ op, inputs, attributes, outputs: values });
      this.#known.set(key, values);
      for (const { name } of values) this.#made.add(name);
      this.onNode?.(at(values, 0).name);
    }
    return values;
  }

  /** Adds an operator with one result of type `dtype` and shape `shape`. */
  node(
    op: string,
    inputs: readonly GraphValue[],
    dtype: GraphValue['dtype'],
    shape: readonly number[],
    attributes: Attributes = {},
  ): GraphValue {
    return at(this.multiNode(op, inputs, [{ dtype, shape }], attributes), 0);
  }

  /** The same elements in another shape; the value itself where it has that shape. */
  reshape(value: GraphValue, shape: readonly number[]): GraphValue {
    return sameShape(value.shape, shape)
      ? value
      : this.node('Reshape', [value, this.int64(shape)], value.dtype, shape);
  }

  /**
   * A constant; equal arrays give the same constant.
   *
   * @throws `ShapeError` when `data` does not hold elements of `dtype`: ONNX Runtime would read them bit by bit
   */
  constant(
    dtype: GraphValue['dtype'],
    shape: readonly number[],
    data: ConstantData,
  ): GraphValue {
    new NdArray(dtype, shape, data);
    if (data.length > 64) {
      const form = `${dtype}${formatShape(shape)}`;
      const known = this.#arrays.get(form) ?? [];
      const same = known.find(({ constant }) => sameBytes(constant, data));
      if (same !== undefined) return same;
      const value = { name: this.#name('const'), dtype, shape, constant: data };
      this.#arrays.set(form, [...known, value]);
      return value;
    }
    // Object.is tells −0 from 0, which join() would not.
    const text = Array.from(data, (x: number | bigint) =>
      Object.is(x, -0) ? '-0' : String(x),
    ).join();
    const key = `${dtype}${formatShape(shape)}${text}`;
    let value = this.#constants.get(key);
    if (value === undefined) {
      value = { name: this.#name('const'), dtype, shape, constant: data };
      this.#constants.set(key, value);
    }
    return value;
  }

  /** A float32, int32 or bool scalar. */
  scalar(value: number, dtype: GraphType = 'float32'): GraphValue {
    const ArrayType = {
      float32: Float32Array,
      int32: Int32Array,
      bool: Uint8Array,
    }[dtype];
    return this.constant(dtype, [], ArrayType.of(value));
  }

  /** An int64 vector, as ONNX wants shapes, axes and bounds. */
  int64(values: readonly number[]): GraphValue {
    return this.constant(
      'int64',
      [values.length],
      BigInt64Array.from(values, (value) => BigInt(value)),
    );
  }

  /**
   * Makes `value` an output of the graph.
   *
   * @param named under a name of its own; else only where it must be: an output comes from a node, and is there once
   */
  output(
    value: GraphValue,
    { named = false }: { readonly named?: boolean } = {},
  ): GraphValue {
    if (
      !named &&
      this.#made.has(value.name) &&
      !this.outputs.some(({ name }) => name === value.name)
    ) {
      this.outputs.push(value);
      return value;
    }
    const made = {
      name: this.#name('output'),
      dtype: value.dtype,
      shape: value.shape,
    };
    this.nodes.push({
      op: 'Identity',
      inputs: [value],
      attributes: {},
      outputs: [made],
    });
    this.outputs.push(made);
    return made;
  }

  /** The graph without the nodes that nothing depends on. */
  live(): GraphPart {
    return {
      nodes: this.liveNodes(),
      inputs: this.inputs,
      outputs: this.outputs,
    };
  }

  /** The nodes that the outputs depend on, in an order in which they can run. */
  liveNodes(): GraphNode[] {
    const needed = new Set(this.outputs.map((value) => value.name));
    const live: GraphNode[] = [];
    for (const node of [...this.nodes].reverse()) {
      if (!node.outputs.some((value) => needed.has(value.name))) continue;
      live.push(node);
      for (const input of node.inputs) needed.add(input.name);
    }
    return live.reverse();
  }

  #name(base: string): string {
    return `${base}_${this.#names++}`;
  }
}

function sameBytes(a: ConstantData | undefined, b: ConstantData): boolean {
  return a === b || (a !== undefined && bufferOf(a).equals(bufferOf(b)));
}

function bufferOf({ buffer, byteOffset, byteLength }: ConstantData): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
