import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { sameShape, sizeOf } from '@clip-lung/tensor';

import { arrange } from '../arrange.js';
import type { GraphType, GraphValue } from '../graph.js';
import {
  identityOrder,
  isIdentity,
  type Order,
  withLeadingAxes,
} from '../layout.js';
import type { TraceBackend } from '../trace-backend.js';
import {
  attributes,
  input,
  type Kernel,
  type KernelCall,
  type KernelTable,
} from './kernel.js';

/** Element by element, in whatever order the elements are stored. */
function unary(op: string): Kernel {
  return (call) => {
    const x = input(call, 'x');
    return mapStored(call.backend, x, (value) =>
      call.backend.graph.node(op, [value], x.dtype as GraphType, value.shape),
    );
  };
}

function mapStored(
  backend: TraceBackend,
  x: TensorInfo,
  change: (value: GraphValue) => GraphValue,
): TensorInfo {
  return backend.symbol(change(backend.stored(x)), backend.orderOf(x));
}

/** The operands of a broadcasting operation, stored alike, and how. */
function broadcastOperands(
  backend: TraceBackend,
  tensors: readonly TensorInfo[],
): { values: GraphValue[]; shape: number[]; order: Order } {
  const shape = tensors.reduce<number[]>(
    (all, tensor) => backend_util.assertAndGetBroadcastShape(all, tensor.shape),
    [],
  );
  const order = commonOrder(backend, tensors, shape);
  const values = tensors.map((tensor) => {
    const uniform = backend.uniformOf(tensor);
    const { dtype } = tensor;
    // A scalar broadcasts to any shape, so a uniform array need not exist; the shape must come from another operand.
    if (
      uniform !== undefined &&
      tensors.some((other) => other !== tensor && sameShape(other.shape, shape))
    ) {
      return backend.graph.scalar(uniform, dtype as GraphType);
    }
    return isIdentity(order) && isIdentity(backend.orderOf(tensor))
      ? backend.stored(tensor)
      : arrange(backend, tensor, order);
  });
  return { values, shape, order };
}

/** The order of the first operand that fills the whole shape and is no constant: moving the others costs least. */
function commonOrder(
  backend: TraceBackend,
  tensors: readonly TensorInfo[],
  shape: readonly number[],
): Order {
  const full = tensors.filter(
    (tensor) => sizeOf(tensor.shape) === sizeOf(shape),
  );
  const leader = full.find((tensor) => !backend.isConstant(tensor)) ?? full[0];
  if (leader === undefined) return identityOrder(shape.length);
  const order = backend.orderOf(leader);
  return withLeadingAxes(order, shape.length - order.length);
}

interface BinaryRule {
  readonly op: string;
  /** the number that changes nothing as the right (or left) operand */
  readonly neutralRight?: number;
  readonly neutralLeft?: number;
  readonly gives?: GraphType;
}

function binary({ op, neutralRight, neutralLeft, gives }: BinaryRule): Kernel {
  return (call) => {
    const { backend } = call;
    const a = input(call, 'a');
    const b = input(call, 'b');
    const { values, shape, order } = broadcastOperands(backend, [a, b]);
    if (
      neutralRight !== undefined &&
      backend.uniformOf(b) === neutralRight &&
      sameShape(a.shape, shape)
    ) {
      return backend.alias(a);
    }
    if (
      neutralLeft !== undefined &&
      backend.uniformOf(a) === neutralLeft &&
      sameShape(b.shape, shape)
    ) {
      return backend.alias(b);
    }
    return combined(
      backend,
      op,
      values,
      shape,
      order,
      gives ?? (a.dtype as GraphType),
    );
  };
}

function combined(
  backend: TraceBackend,
  op: string,
  values: readonly GraphValue[],
  shape: readonly number[],
  order: Order,
  dtype: GraphType,
): TensorInfo {
  const stored = new Array<number>(shape.length);
  order.forEach((axis, i) => (stored[axis] = shape[i] ?? 1));
  return backend.symbol(backend.graph.node(op, values, dtype, stored), order);
}

const pow: Kernel = (call) => {
  const { backend } = call;
  const a = input(call, 'a');
  const power = backend.uniformOf(input(call, 'b'));
  if (power === 2 && sizeOf(input(call, 'b').shape) <= sizeOf(a.shape)) {
    return mapStored(backend, a, (value) =>
      backend.graph.node(
        'Mul',
        [value, value],
        a.dtype as GraphType,
        value.shape,
      ),
    );
  }
  return binary({ op: 'Pow', neutralRight: 1 })(call);
};

const squaredDifference: Kernel = (call) => {
  const { backend } = call;
  const a = input(call, 'a');
  const { values, shape, order } = broadcastOperands(backend, [
    a,
    input(call, 'b'),
  ]);
  const difference = combined(
    backend,
    'Sub',
    values,
    shape,
    order,
    a.dtype as GraphType,
  );
  return mapStored(backend, difference, (value) =>
    backend.graph.node(
      'Mul',
      [value, value],
      a.dtype as GraphType,
      value.shape,
    ),
  );
};

const square: Kernel = (call) => {
  const x = input(call, 'x');
  return mapStored(call.backend, x, (value) =>
    call.backend.graph.node(
      'Mul',
      [value, value],
      x.dtype as GraphType,
      value.shape,
    ),
  );
};

const rsqrt: Kernel = (call) => {
  const { graph } = call.backend;
  return mapStored(call.backend, input(call, 'x'), (value) => {
    const root = graph.node('Sqrt', [value], 'float32', value.shape);
    return graph.node('Reciprocal', [root], 'float32', value.shape);
  });
};

/** 1 above zero, `alpha` elsewhere: the derivative of ReLU and of leaky ReLU. */
const step: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const { alpha = 0 } = attributes(call) as { alpha?: number };
  return mapStored(backend, input(call, 'x'), (value) => {
    const above = graph.node(
      'Greater',
      [value, graph.scalar(0)],
      'bool',
      value.shape,
    );
    return alpha === 0
      ? castValue(backend, above, 'float32')
      : graph.node(
          'Where',
          [above, graph.scalar(1), graph.scalar(alpha)],
          'float32',
          value.shape,
        );
  });
};

const onnxType = { float32: 1, int32: 6, bool: 9 } as const;

export function castValue(
  { graph }: TraceBackend,
  value: GraphValue,
  dtype: GraphType,
): GraphValue {
  return graph.node('Cast', [value], dtype, value.shape, {
    to: onnxType[dtype],
  });
}

const cast: Kernel = (call) => {
  const { backend } = call;
  const x = input(call, 'x');
  const { dtype } = attributes(call) as { dtype: GraphType };
  return dtype === x.dtype
    ? backend.alias(x)
    : mapStored(backend, x, (value) => castValue(backend, value, dtype));
};

const clip: Kernel = (call) => {
  const { graph } = call.backend;
  const { clipValueMin, clipValueMax } = attributes(call) as {
    clipValueMin: number;
    clipValueMax: number;
  };
  return mapStored(call.backend, input(call, 'x'), (value) =>
    graph.node(
      'Clip',
      [value, graph.scalar(clipValueMin), graph.scalar(clipValueMax)],
      'float32',
      value.shape,
    ),
  );
};

const select: Kernel = (call) => {
  const { backend } = call;
  const condition = input(call, 'condition');
  const t = input(call, 't');
  const { values, shape, order } = broadcastOperands(backend, [
    condition,
    t,
    input(call, 'e'),
  ]);
  return combined(backend, 'Where', values, shape, order, t.dtype as GraphType);
};

const identity: Kernel = (call) => call.backend.alias(input(call, 'x'));

const comparison = (op: string): Kernel => binary({ op, gives: 'bool' });

function not(call: KernelCall): TensorInfo {
  return unary('Not')(call) as TensorInfo;
}

const notEqual: Kernel = (call) => {
  const equal = comparison('Equal')(call) as TensorInfo;
  return not({ ...call, inputs: { x: equal } });
};

export const elementwiseKernels: KernelTable = {
  Abs: unary('Abs'),
  Add: binary({ op: 'Add', neutralRight: 0, neutralLeft: 0 }),
  Cast: cast,
  ClipByValue: clip,
  Equal: comparison('Equal'),
  Erf: unary('Erf'),
  Exp: unary('Exp'),
  Greater: comparison('Greater'),
  GreaterEqual: comparison('GreaterOrEqual'),
  Identity: identity,
  Less: comparison('Less'),
  LessEqual: comparison('LessOrEqual'),
  Log: unary('Log'),
  LogicalAnd: binary({ op: 'And', gives: 'bool' }),
  LogicalNot: not,
  LogicalOr: binary({ op: 'Or', gives: 'bool' }),
  Maximum: binary({ op: 'Max' }),
  Minimum: binary({ op: 'Min' }),
  Multiply: binary({ op: 'Mul', neutralRight: 1, neutralLeft: 1 }),
  Neg: unary('Neg'),
  NotEqual: notEqual,
  Pow: pow,
  RealDiv: binary({ op: 'Div', neutralRight: 1 }),
  Reciprocal: unary('Reciprocal'),
  Relu: unary('Relu'),
  Rsqrt: rsqrt,
  Select: select,
  Sigmoid: unary('Sigmoid'),
  Sign: unary('Sign'),
  Softplus: unary('Softplus'),
  Sqrt: unary('Sqrt'),
  Square: square,
  SquaredDifference: squaredDifference,
  Step: step,
  Sub: binary({ op: 'Sub', neutralRight: 0 }),
  Tanh: unary('Tanh'),
};
