import { at } from '@clip-lung/tensor';
import {
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';

import type { TraceBackend } from '../symbols/trace-backend.js';

/** What tfjs hands to a kernel. */
export interface KernelCall {
  readonly inputs: NamedTensorInfoMap;
  readonly attrs: NamedAttrMap | undefined;
  readonly backend: TraceBackend;
}

/** Adds a kernel's nodes to the graph, and gives the tensors that stand for its results. */
export type Kernel = (call: KernelCall) => TensorInfo | TensorInfo[];

/** Kernels by their tfjs name. */
export type KernelTable = Readonly<Record<string, Kernel>>;

/** One input of a kernel, by its tfjs name. */
export function input({ inputs }: KernelCall, name: string): TensorInfo {
  const tensor = inputs[name];
  if (tensor === undefined)
    throw new TypeError(`kernel input "${name}" is missing`);
  return tensor;
}

/** An input that may be left out. */
export function optionalInput(
  { inputs }: KernelCall,
  name: string,
): TensorInfo | undefined {
  return inputs[name];
}

/** The inputs of a kernel that takes any number of them. */
export function inputList({ inputs }: KernelCall): TensorInfo[] {
  return Object.values(inputs).flatMap((tensor) => tensor ?? []);
}

/** An axis of a tensor, counted from the first. @throws as tfjs does for one that is not there */
export function oneAxis(axis: number, { shape }: TensorInfo): number {
  return at(util.parseAxisParam(axis, shape), 0);
}

/** The attributes of a kernel; its type in tfjs says what they are. */
export function attributes({ attrs }: KernelCall): unknown {
  return attrs;
}
