import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { sameShape } from '@clip-lung/tensor';

import type { Graph, GraphType, GraphValue } from '../graph/graph.js';
import { graphType } from '../symbols/host-values.js';
import type { TraceBackend } from '../symbols/trace-backend.js';
import {
  broadcastOperands,
  combined,
  elementwise,
  mapStored,
} from './broadcast.js';
import { castValue } from './cast.js';
import { input, inputList, type Kernel, type KernelTable } from './kernel.js';

interface BinaryRule {
  readonly op: string;
  /** the number that changes nothing as the right (or left) operand */
  readonly neutralRight?: number;
  readonly neutralLeft?: number;
}

function binary({ op, neutralRight, neutralLeft }: BinaryRule): Kernel {
  return (call) => {
    const { backend } = call;
    const a = input(call, 'a');
    const b = input(call, 'b');
    const broadcast = broadcastOperands(backend, [a, b]);
    const { shape } = broadcast;
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
    return combined(backend, op, broadcast, a.dtype as GraphType);
  };
}

const add = binary({ op: 'Add', neutralRight: 0, neutralLeft: 0 });

/** A sum of several tensors of one shape. */
const addN: Kernel = (call) => {
  const [first, ...rest] = inputList(call);
  if (first === undefined) throw new TypeError('tf.addN of no tensors');
  return rest.reduce<TensorInfo>(
    (sum, term) => add({ ...call, inputs: { a: sum, b: term } }) as TensorInfo,
    call.backend.alias(first),
  );
};

/** x² as a product: `Pow` costs many times as much. */
function squared(backend: TraceBackend, x: TensorInfo): TensorInfo {
  return mapStored(backend, x, (value) =>
    backend.graph.node('Mul', [value, value], value.dtype, value.shape),
  );
}

/** Builds the result of an operation on two operands out of several nodes. */
function composed(
  build: (backend: TraceBackend, a: GraphValue, b: GraphValue) => GraphValue,
): Kernel {
  return (call) => {
    const { backend } = call;
    const { values, order } = broadcastOperands(backend, [
      input(call, 'a'),
      input(call, 'b'),
    ]);
    const [a, b] = values as readonly [GraphValue, GraphValue];
    return backend.symbol(build(backend, a, b), order);
  };
}

/** A negative power of 0 is infinite, which no integer is: it is 0, as in tfjs. */
const integerPower = composed(({ graph }, a, b) => {
  const nothing = graph.scalar(0, 'int32');
  const [none, below] = [
    elementwise(graph, 'Equal', [a, nothing], 'bool'),
    elementwise(graph, 'Less', [b, nothing], 'bool'),
  ] as const;
  const infinite = elementwise(graph, 'And', [none, below], 'bool');
  const power = elementwise(graph, 'Pow', [a, b]);
  return elementwise(graph, 'Where', [infinite, nothing, power]);
});

const pow: Kernel = (call) => {
  const { backend } = call;
  const a = input(call, 'a');
  const b = input(call, 'b');
  const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
  if (backend.uniformOf(b) === 2 && sameShape(a.shape, shape)) {
    return squared(backend, a);
  }
  return a.dtype === 'int32'
    ? integerPower(call)
    : binary({ op: 'Pow', neutralRight: 1 })(call);
};

const squaredDifference: Kernel = (call) => {
  const difference = binary({ op: 'Sub' })(call) as TensorInfo;
  return squared(call.backend, difference);
};

/** The remainder that has the divisor's sign. Integers divided by zero give 0, as in tfjs. */
const mod = composed(({ graph }, a, b) => {
  if (a.dtype !== 'float32') {
    const { divisor, zero } = divisible(graph, b);
    const remainder = elementwise(graph, 'Mod', [a, divisor]);
    return zero === undefined
      ? remainder
      : elementwise(graph, 'Where', [
          zero,
          graph.scalar(0, 'int32'),
          remainder,
        ]);
  }
  const [below, divisorBelow] = [a, b].map((value) =>
    elementwise(graph, 'Less', [value, graph.scalar(0)], 'bool'),
  ) as [GraphValue, GraphValue];
  const remainder = elementwise(graph, 'Mod', [a, b], 'float32', { fmod: 1 });
  const alike = elementwise(graph, 'Equal', [below, divisorBelow], 'bool');
  const moved = elementwise(graph, 'Add', [remainder, b]);
  const other = elementwise(graph, 'Mod', [moved, b], 'float32', { fmod: 1 });
  return elementwise(graph, 'Where', [alike, remainder, other]);
});

/**
 * ⌊a / b⌋ as an integer. The exact remainder is taken off first, since a quotient that is rounded up to a whole number
 * would be one too great.
 */
const floorDiv = composed((backend, a, b) => {
  const { graph } = backend;
  const float = a.dtype === 'float32';
  const { divisor, zero } = divisible(graph, b);
  const remainder = elementwise(graph, 'Mod', [a, divisor], a.dtype, {
    fmod: 1,
  });
  const exact = elementwise(graph, 'Div', [
    elementwise(graph, 'Sub', [a, remainder]),
    divisor,
  ]);
  const whole = castValue(
    backend,
    float ? elementwise(graph, 'Round', [exact]) : exact,
    'int32',
  );
  const nothing = graph.scalar(0, float ? 'float32' : 'int32');
  const across = elementwise(
    graph,
    'Less',
    [
      elementwise(graph, 'Mul', [
        elementwise(graph, 'Sign', [remainder]),
        elementwise(graph, 'Sign', [divisor]),
      ]),
      nothing,
    ],
    'bool',
  );
  const quotient = elementwise(graph, 'Sub', [
    whole,
    castValue(backend, across, 'int32'),
  ]);
  return zero === undefined
    ? quotient
    : elementwise(graph, 'Where', [zero, graph.scalar(0, 'int32'), quotient]);
});

/**
 * Dividing an integer by zero would end the process, and no integer is infinite: the divisor becomes 1 where `zero` says
 * that it is 0.
 */
function divisible(
  graph: Graph,
  divisor: GraphValue,
): { readonly divisor: GraphValue; readonly zero: GraphValue | undefined } {
  const { constant } = divisor;
  const known =
    constant instanceof Int32Array || constant instanceof Float32Array;
  if (known && !constant.includes(0)) return { divisor, zero: undefined };
  const dtype = graphType(divisor.dtype);
  const nothing = graph.scalar(0, dtype);
  const zero = elementwise(graph, 'Equal', [divisor, nothing], 'bool');
  const one = graph.scalar(1, dtype);
  return {
    divisor: elementwise(graph, 'Where', [zero, one, divisor]),
    zero,
  };
}

/** The angle of the point (b, a). ONNX has the arc tangent of a quotient only, which knows no quadrants. */
const atan2 = composed(({ graph }, a, b) => {
  const zero = graph.scalar(0);
  const is = (op: string, value: GraphValue): GraphValue =>
    elementwise(graph, op, [value, zero], 'bool');
  const choose = (
    condition: GraphValue,
    yes: GraphValue,
    no: GraphValue,
  ): GraphValue => elementwise(graph, 'Where', [condition, yes, no]);
  const [pi, minusPi] = [graph.scalar(Math.PI), graph.scalar(-Math.PI)];
  const [up, down] = [graph.scalar(Math.PI / 2), graph.scalar(-Math.PI / 2)];
  const angle = elementwise(graph, 'Atan', [elementwise(graph, 'Div', [a, b])]);
  const turn = choose(is('GreaterOrEqual', a), pi, minusPi);
  const left = elementwise(graph, 'Add', [angle, turn]);
  const upright = choose(
    is('Greater', a),
    up,
    choose(is('Less', a), down, zero),
  );
  return choose(is('Greater', b), angle, choose(is('Less', b), left, upright));
});

export const arithmeticKernels = {
  Add: add,
  AddN: addN,
  Atan2: atan2,
  FloorDiv: floorDiv,
  Maximum: binary({ op: 'Max' }),
  Minimum: binary({ op: 'Min' }),
  Mod: mod,
  Multiply: binary({ op: 'Mul', neutralRight: 1, neutralLeft: 1 }),
  Pow: pow,
  RealDiv: binary({ op: 'Div', neutralRight: 1 }),
  Square: (call) => squared(call.backend, input(call, 'x')),
  SquaredDifference: squaredDifference,
  Sub: binary({ op: 'Sub', neutralRight: 0 }),
} satisfies KernelTable;
