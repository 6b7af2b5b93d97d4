import type { GraphValue } from '../graph/graph.js';
import { graphType } from '../symbols/host-values.js';
import { elementwise, mapStored, broadcastOperands } from './broadcast.js';
import { castTensor, castValue } from './cast.js';
import { attributes, input, type Kernel, type KernelTable } from './kernel.js';
import { floatOperator } from './unary.js';

/** 1 above zero, `alpha` elsewhere: the derivative of ReLU and of leaky ReLU. */
const step: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const { alpha = 0 } = attributes(call) as { alpha?: number };
  const x = castTensor(backend, input(call, 'x'), 'float32');
  return mapStored(backend, x, (value) => {
    const above = elementwise(
      graph,
      'Greater',
      [value, graph.scalar(0)],
      'bool',
    );
    return alpha === 0
      ? castValue(backend, above, 'float32')
      : elementwise(graph, 'Where', [
          above,
          graph.scalar(1),
          graph.scalar(alpha),
        ]);
  });
};

const leakyRelu: Kernel = (call) => {
  const { backend } = call;
  const { alpha } = attributes(call) as { alpha: number };
  const x = castTensor(backend, input(call, 'x'), 'float32');
  return mapStored(backend, x, (value) =>
    backend.graph.node('LeakyRelu', [value], 'float32', value.shape, {
      alpha: { float: alpha },
    }),
  );
};

/** The slope below zero is an operand of its own, and broadcasts. */
const prelu: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const { values, order } = broadcastOperands(backend, [
    castTensor(backend, input(call, 'x'), 'float32'),
    castTensor(backend, input(call, 'alpha'), 'float32'),
  ]);
  const [x, slope] = values as readonly [GraphValue, GraphValue];
  const below = elementwise(graph, 'Less', [x, graph.scalar(0)], 'bool');
  const sloped = elementwise(graph, 'Mul', [slope, x]);
  return backend.symbol(elementwise(graph, 'Where', [below, sloped, x]), order);
};

/** The derivative of ELU by its result y: 1 above zero, and y + 1 = eˣ below. */
const eluGrad: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const { values, order } = broadcastOperands(backend, [
    input(call, 'dy'),
    input(call, 'y'),
  ]);
  const [dy, y] = values as readonly [GraphValue, GraphValue];
  const below = elementwise(graph, 'Min', [y, graph.scalar(0)]);
  const slope = elementwise(graph, 'Add', [below, graph.scalar(1)]);
  return backend.symbol(elementwise(graph, 'Mul', [dy, slope]), order);
};

const relu: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  return mapStored(backend, input(call, 'x'), (value) =>
    value.dtype === 'float32'
      ? elementwise(graph, 'Relu', [value])
      : elementwise(graph, 'Max', [value, graph.scalar(0, 'int32')]),
  );
};

const relu6: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const x = input(call, 'x');
  const [zero, six] = [0, 6].map((bound) =>
    graph.scalar(bound, graphType(x.dtype)),
  ) as [GraphValue, GraphValue];
  return mapStored(backend, x, (value) =>
    elementwise(graph, 'Clip', [value, zero, six]),
  );
};

export const activationKernels = {
  Elu: floatOperator('Elu'),
  EluGrad: eluGrad,
  LeakyRelu: leakyRelu,
  Prelu: prelu,
  Relu: relu,
  Relu6: relu6,
  Selu: floatOperator('Selu'),
  Sigmoid: floatOperator('Sigmoid'),
  Softplus: floatOperator('Softplus'),
  Step: step,
  Tanh: floatOperator('Tanh'),
} satisfies KernelTable;
