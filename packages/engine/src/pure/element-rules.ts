import * as tf from '@tensorflow/tfjs-core';

import { TraceError } from '../errors.js';
import type { ElementType } from './given-arrays.js';
import { userFrame } from './user-frame.js';

/** What a kernel of tfjs computes rightly. tfjs-cpu takes more, and gives truncated floats, or a truth value of 2. */
type Rule = (types: Readonly<Record<string, string>>) => string | undefined;

const onlyOf =
  (allowed: readonly ElementType[], inputs?: readonly string[]): Rule =>
  (types) => {
    const wrong = Object.entries(types).find(
      ([name, type]) =>
        (inputs?.includes(name) ?? true) &&
        !(allowed as readonly string[]).includes(type),
    );
    return wrong === undefined
      ? undefined
      : `with its operand ${wrong[0]} of type ${wrong[1]}, expected ${allowed.join(' or ')}`;
  };

const oneType =
  (inputs?: readonly string[]): Rule =>
  (types) => {
    const own = Object.entries(types).filter(
      ([name]) => inputs?.includes(name) ?? true,
    );
    const [first] = own;
    const other = own.find(([, type]) => type !== first?.[1]);
    return first === undefined || other === undefined
      ? undefined
      : `with operands of different types, ${first[0]} ${first[1]} and ${other[0]} ${other[1]}`;
  };

const floats = onlyOf(['float32']);
const numbers = onlyOf(['float32', 'int32']);

/** Functions whose values are no integers. */
const ofFloats = [
  tf.Acos,
  tf.Acosh,
  tf.Asin,
  tf.Asinh,
  tf.Atan,
  tf.Atan2,
  tf.Atanh,
  tf.AvgPool,
  tf.AvgPool3D,
  tf.AvgPool3DGrad,
  tf.AvgPoolGrad,
  tf.Conv2D,
  tf.Conv2DBackpropFilter,
  tf.Conv2DBackpropInput,
  tf.Conv3D,
  tf.Conv3DBackpropFilterV2,
  tf.Conv3DBackpropInputV2,
  tf.Cos,
  tf.Cosh,
  tf.DepthwiseConv2dNative,
  tf.Elu,
  tf.Erf,
  tf.Expm1,
  tf.FusedBatchNorm,
  tf.FusedConv2D,
  tf.FusedDepthwiseConv2D,
  tf.LRN,
  tf.LeakyRelu,
  tf.Log,
  tf.Log1p,
  tf.MaxPool,
  tf.MaxPool3D,
  tf.MaxPool3DGrad,
  tf.MaxPoolGrad,
  tf.Prelu,
  tf.Reciprocal,
  tf.Rsqrt,
  tf.Selu,
  tf.Sigmoid,
  tf.Sin,
  tf.Sinh,
  tf.Softmax,
  tf.Softplus,
  tf.Sqrt,
  tf.Step,
  tf.Tan,
  tf.Tanh,
  tf._FusedMatMul,
];

/** Arithmetic: a sum of truth values is none. */
const ofNumbers = [
  tf.Abs,
  tf.Add,
  tf.AddN,
  tf.BatchMatMul,
  tf.ClipByValue,
  tf.FloorDiv,
  tf.Mod,
  tf.Multiply,
  tf.Neg,
  tf.Pow,
  tf.RealDiv,
  tf.Relu,
  tf.Relu6,
  tf.Round,
  tf.Sign,
  tf.Square,
  tf.SquaredDifference,
  tf.Sub,
  tf.TopK,
];

const rules: ReadonlyMap<string, readonly Rule[]> = new Map<
  string,
  readonly Rule[]
>([
  ...ofFloats.map((name) => [name, [floats]] as const),
  ...ofNumbers.map((name) => [name, [numbers, oneType()]] as const),
  [tf.Concat, [oneType()]],
  [tf.Einsum, [numbers, oneType()]],
  [tf.ScatterNd, [onlyOf(['float32', 'int32'], ['updates'])]],
  [tf.TensorScatterUpdate, [oneType(['tensor', 'updates'])]],
  [tf.UnsortedSegmentSum, [onlyOf(['float32', 'int32'], ['x'])]],
]);

/** Runs a function of which every operation is given elements of a type that it computes rightly. */
export function refuseMixedTypes<T>(functionName: string, run: () => T): T {
  const engine = tf.engine();
  const runKernel = engine.runKernel.bind(engine);
  Object.defineProperty(engine, 'runKernel', {
    configurable: true,
    writable: true,
    value: (
      kernel: string,
      inputs: tf.NamedTensorMap,
      attributes?: tf.NamedAttrMap,
    ) => {
      expectTypes(functionName, kernel, inputs);
      return runKernel(kernel, inputs, attributes);
    },
  });
  try {
    return run();
  } finally {
    Reflect.deleteProperty(engine, 'runKernel');
  }
}

function expectTypes(
  functionName: string,
  kernel: string,
  inputs: Readonly<Record<string, tf.Tensor | null | undefined>>,
): void {
  const own = rules.get(kernel);
  if (own === undefined) return;
  const types = Object.fromEntries(
    Object.entries(inputs).flatMap(([name, tensor]) =>
      tensor ? [[name, tensor.dtype]] : [],
    ),
  );
  for (const rule of own) {
    const problem = rule(types);
    if (problem === undefined) continue;
    const { operation, place } = userFrame(new Error().stack);
    throw new TraceError(
      `${functionName} uses the tfjs kernel ${kernel}${operation === undefined ? '' : ` of ${operation}`}${place === undefined ? '' : ` at ${place}`} ${problem}; convert with tf.cast first`,
    );
  }
}
