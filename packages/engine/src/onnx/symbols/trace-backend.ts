import { formatShape, sizeOf } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import { TraceError } from '../../errors.js';
import { userFrame } from '../../pure/user-frame.js';
import { Graph, type GraphType, type GraphValue } from '../graph/graph.js';
import {
  elementOf,
  graphType,
  hostArray,
  hostOf,
  type HostValues,
} from './host-values.js';
import { identityOrder, type Order, permute } from './layout.js';

/** The name of the backend under which functions are traced. */
export const traceBackendName = 'clip-lung-trace';

/** What stands behind a tfjs tensor while it is traced: a value of the graph, a constant, or one number everywhere. */
interface Entry {
  references: number;
  readonly dtype: GraphType;
  readonly shape: readonly number[];
  /** how the value is stored, see `layout.ts` */
  readonly order: Order;
  /** when it was made, counted up; what only passes on another's elements is as old as that */
  readonly age: number;
  value?: GraphValue;
  host?: HostValues;
  /** a constant's elements in the other type that tfjs sees them in */
  converted?: Entry;
  /** the one number that every element is; null when it is known that they differ */
  uniform?: number | null;
}

/** Constants of more elements than this are not searched for being uniform. */
const uniformSearchLimit = 1 << 22;

export interface TraceOptions {
  /**
   * one node for one operation, without forms that are faster only for the shapes that are traced: for graphs that people
   * read, and that other batches run through. Default false
   */
  readonly plain?: boolean;
}

/**
 * A tfjs backend whose tensors are symbols: kernels add nodes to a graph instead of computing. Only one trace runs at a
 * time, as tracing is synchronous.
 */
export class TraceBackend extends tf.KernelBackend {
  graph = new Graph();
  plain = false;
  /** the kernel that adds nodes at present */
  kernel = '';
  readonly #entries = new WeakMap<object, Entry>();
  #count = 0;
  #made = 0;

  /** Starts a new graph. */
  begin({ plain = false }: TraceOptions = {}): Graph {
    this.graph = new Graph();
    this.plain = plain;
    return this.graph;
  }

  // What the kernels use.

  /**
   * A tensor for a graph value that is stored in `order`; by default, as the program sees it.
   *
   * @param like the tensor whose elements it has, changed one by one
   */
  symbol(
    value: GraphValue,
    order: Order = identityOrder(value.shape.length),
    like?: tf.TensorInfo,
  ): tf.TensorInfo {
    const shape = permute(value.shape, order);
    const dtype = value.dtype === 'int64' ? 'int32' : value.dtype;
    const age = like === undefined ? this.#made : this.ageOf(like);
    return this.#info({ references: 1, dtype, shape, order, value, age });
  }

  /**
   * When a tensor's elements were made, counted up. Where tensors that are stored differently meet, the younger one is
   * moved: a gradient, so that it goes on in the order of the forward pass, whose tensors it meets again and again.
   */
  ageOf(tensor: tf.TensorInfo): number {
    return this.#entryOf(tensor).age;
  }

  /** A tensor of which every element is `number`. */
  filled(
    shape: readonly number[],
    dtype: GraphType,
    number: number,
  ): tf.TensorInfo {
    const order = identityOrder(shape.length);
    const age = this.#made;
    return this.#info({
      references: 1,
      dtype,
      shape,
      order,
      uniform: elementOf(number, dtype),
      age,
    });
  }

  /** A tensor whose elements are known, row-major: those of `values`, converted where they are not in `dtype`'s array. */
  constant(
    shape: readonly number[],
    dtype: GraphType,
    values: tf.BackendValues,
  ): tf.TensorInfo {
    const order = identityOrder(shape.length);
    const age = this.#made;
    const host = hostOf(values, dtype);
    return this.#info({ references: 1, dtype, shape, order, host, age });
  }

  /** The same tensor again, for kernels that change nothing. */
  alias(tensor: tf.TensorInfo): tf.TensorInfo {
    this.incRef(tensor.dataId);
    return { dataId: tensor.dataId, shape: tensor.shape, dtype: tensor.dtype };
  }

  orderOf(tensor: tf.TensorInfo): Order {
    return this.#entryOf(tensor).order;
  }

  /** The graph value behind a tensor, stored in {@link orderOf} its axes. */
  stored(tensor: tf.TensorInfo): GraphValue {
    const entry = this.#entryOf(tensor);
    entry.value ??= this.#materialise(entry);
    return entry.value;
  }

  /** The number that every element is, if there is one. */
  uniformOf(tensor: tf.TensorInfo): number | undefined {
    const entry = this.#entryOf(tensor);
    if (entry.uniform === undefined) {
      const { host } = entry;
      const searched = host !== undefined && host.length <= uniformSearchLimit;
      const first = host?.[0];
      entry.uniform =
        searched &&
        first !== undefined &&
        host.every((item) => Object.is(item, first))
          ? first
          : null;
    }
    return entry.uniform ?? undefined;
  }

  /** The elements of a constant, row-major; undefined for what is known only when the graph runs. */
  hostValues(tensor: tf.TensorInfo): HostValues | undefined {
    const entry = this.#entryOf(tensor);
    if (entry.host !== undefined) return entry.host;
    const { uniform, dtype, shape } = entry;
    if (typeof uniform !== 'number') return undefined;
    return hostArray(dtype, sizeOf(shape)).fill(uniform);
  }

  isConstant(tensor: tf.TensorInfo): boolean {
    const { host, uniform } = this.#entryOf(tensor);
    return host !== undefined || typeof uniform === 'number';
  }

  #materialise({ host, uniform, dtype, shape }: Entry): GraphValue {
    if (host !== undefined) return this.graph.constant(dtype, shape, host);
    if (typeof uniform !== 'number') {
      throw new TraceError('a traced tensor has neither a value nor a node');
    }
    if (sizeOf(shape) <= 64) {
      const values = hostArray(dtype, sizeOf(shape)).fill(uniform);
      return this.graph.constant(dtype, shape, values);
    }
    const scalar = this.graph.scalar(uniform, dtype);
    const target = this.graph.int64(shape);
    return this.graph.node('Expand', [scalar, target], dtype, shape);
  }

  #info(entry: Entry): tf.TensorInfo {
    const dataId = {};
    this.#entries.set(dataId, entry);
    this.#count += 1;
    this.#made += 1;
    return { dataId, shape: [...entry.shape], dtype: entry.dtype };
  }

  /**
   * What stands behind a tensor, in the tensor's own type: a tensor that was cast to float outside of the trace has the
   * elements of the integers that it was made of.
   */
  #entryOf({ dataId, dtype }: tf.TensorInfo): Entry {
    const entry = this.#entry(dataId);
    if (entry.dtype === dtype) return entry;
    const { host, shape, order, age } = entry;
    if (host === undefined) {
      throw new TraceError(
        `a tensor is ${dtype} to tfjs, and ${entry.dtype} in the graph`,
      );
    }
    entry.converted ??= {
      references: 1,
      dtype: graphType(dtype),
      shape,
      order,
      age,
      host: hostOf(host, dtype),
    };
    return entry.converted;
  }

  #entry(dataId: object): Entry {
    const entry = this.#entries.get(dataId) ?? this.#fetched(dataId);
    if (entry === undefined) {
      throw new TraceError(
        'a tensor is used while tracing that was disposed, or was made by another trace',
      );
    }
    return entry;
  }

  /** A tensor that was made outside the trace is a constant in it: tfjs moves its values here. */
  #fetched(dataId: object): Entry | undefined {
    const known = tf.engine().state.tensorInfo.has(dataId);
    if (known) tf.engine().moveData(this, dataId);
    return this.#entries.get(dataId);
  }

  // What tfjs asks of a backend.

  override write(
    values: tf.BackendValues,
    shape: number[],
    dtype: tf.DataType,
  ): object {
    return this.constant(shape, graphType(dtype), values).dataId;
  }

  override move(
    dataId: object,
    values: tf.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    references: number,
  ): void {
    this.#entries.set(dataId, {
      references,
      dtype: graphType(dtype),
      shape,
      order: identityOrder(shape.length),
      host: hostOf(values, dtype),
      age: this.#made++,
    });
    this.#count += 1;
  }

  override readSync(dataId: object): tf.BackendValues {
    const entry = this.#entry(dataId);
    const { host, uniform, dtype, shape, value } = entry;
    if (host !== undefined) return host;
    if (typeof uniform === 'number') {
      return hostArray(dtype, sizeOf(shape)).fill(uniform);
    }
    const { place } = userFrame(new Error().stack);
    throw new TraceError(
      `the function reads the value of a tensor (${value?.name ?? '?'}, ${dtype} ${formatShape(shape)})${place === undefined ? '' : ` at ${place}`} that is known only when the graph runs; use tfjs operations instead of dataSync(), arraySync() or data()`,
    );
  }

  override read(dataId: object): Promise<tf.BackendValues> {
    return Promise.resolve(this.readSync(dataId));
  }

  override incRef(dataId: object): void {
    this.#entry(dataId).references += 1;
  }

  decRef(dataId: object): void {
    this.#entry(dataId).references -= 1;
  }

  override refCount(dataId: object): number {
    return this.#entries.get(dataId)?.references ?? 0;
  }

  override disposeData(dataId: object, force = false): boolean {
    const entry = this.#entries.get(dataId);
    if (entry === undefined) return true;
    entry.references -= 1;
    if (!force && entry.references > 0) return false;
    this.#entries.delete(dataId);
    this.#count -= 1;
    return true;
  }

  override numDataIds(): number {
    return this.#count;
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override timerAvailable(): boolean {
    return false;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override dispose(): void {
    this.begin();
  }
}
