import type { Graph, GraphType, GraphValue } from '../graph/graph.js';
import { elementwise, mapStored } from './broadcast.js';
import { castValue } from './cast.js';
import { attributes, input, type Kernel, type KernelTable } from './kernel.js';

/** An operator that ONNX has for every type of number. */
function ofNumbers(op: string): Kernel {
  return (call) => {
    const { backend } = call;
    return mapStored(backend, input(call, 'x'), (value) =>
      elementwise(backend.graph, op, [value]),
    );
  };
}

/** A function of floats. */
function ofFloats(build: (graph: Graph, x: GraphValue) => GraphValue): Kernel {
  return (call) => {
    const { backend } = call;
    return mapStored(backend, input(call, 'x'), (value) =>
      build(backend.graph, castValue(backend, value, 'float32')),
    );
  };
}

/** Rounding, which leaves integers alone. */
function rounding(op: string): Kernel {
  return (call) => {
    const { backend } = call;
    const x = input(call, 'x');
    return x.dtype === 'float32'
      ? mapStored(backend, x, (value) =>
          elementwise(backend.graph, op, [value]),
        )
      : backend.alias(x);
  };
}

/** An operator that ONNX has for floats. */
export function floatOperator(op: string): Kernel {
  return ofFloats((graph, x) => elementwise(graph, op, [x]));
}

/** A question about floats: the answer is a truth value. */
function question(build: (graph: Graph, x: GraphValue) => GraphValue): Kernel {
  return (call) => {
    const { backend } = call;
    return mapStored(backend, input(call, 'x'), (value) =>
      build(backend.graph, castValue(backend, value, 'float32')),
    );
  };
}

const is = (graph: Graph, op: string, x: GraphValue): GraphValue =>
  elementwise(graph, op, [x], 'bool');

const rsqrt = ofFloats((graph, x) =>
  elementwise(graph, 'Reciprocal', [elementwise(graph, 'Sqrt', [x])]),
);

/** eˣ − 1 = tanh(x/2) · (eˣ + 1), which keeps all digits near zero. */
const expm1 = ofFloats((graph, x) => {
  const half = elementwise(graph, 'Mul', [x, graph.scalar(0.5)]);
  const more = elementwise(graph, 'Add', [
    elementwise(graph, 'Exp', [x]),
    graph.scalar(1),
  ]);
  return elementwise(graph, 'Mul', [elementwise(graph, 'Tanh', [half]), more]);
});

/** log(1 + x); below 1/2 as 2 · artanh(x / (2 + x)), which keeps all digits near zero. */
const log1p = ofFloats((graph, x) => {
  const quotient = elementwise(graph, 'Div', [
    x,
    elementwise(graph, 'Add', [x, graph.scalar(2)]),
  ]);
  const near = elementwise(graph, 'Mul', [
    elementwise(graph, 'Atanh', [quotient]),
    graph.scalar(2),
  ]);
  const far = elementwise(graph, 'Log', [
    elementwise(graph, 'Add', [x, graph.scalar(1)]),
  ]);
  const size = elementwise(graph, 'Abs', [x]);
  const small = elementwise(graph, 'Less', [size, graph.scalar(0.5)], 'bool');
  return elementwise(graph, 'Where', [small, near, far]);
});

const isFinite = question((graph, x) => {
  const either = elementwise(
    graph,
    'Or',
    [is(graph, 'IsNaN', x), is(graph, 'IsInf', x)],
    'bool',
  );
  return is(graph, 'Not', either);
});

const clip: Kernel = (call) => {
  const { graph } = call.backend;
  const { clipValueMin, clipValueMax } = attributes(call) as {
    clipValueMin: number;
    clipValueMax: number;
  };
  return mapStored(call.backend, input(call, 'x'), (value) => {
    const dtype = value.dtype as GraphType;
    const bound = (limit: number): GraphValue =>
      graph.scalar(dtype === 'int32' ? Math.trunc(limit) : limit, dtype);
    return graph.node(
      'Clip',
      [value, bound(clipValueMin), bound(clipValueMax)],
      dtype,
      value.shape,
    );
  });
};

const identity: Kernel = (call) => call.backend.alias(input(call, 'x'));

export const unaryKernels = {
  Abs: ofNumbers('Abs'),
  Acos: floatOperator('Acos'),
  Acosh: floatOperator('Acosh'),
  Asin: floatOperator('Asin'),
  Asinh: floatOperator('Asinh'),
  Atan: floatOperator('Atan'),
  Atanh: floatOperator('Atanh'),
  Ceil: rounding('Ceil'),
  ClipByValue: clip,
  Cos: floatOperator('Cos'),
  Cosh: floatOperator('Cosh'),
  Erf: floatOperator('Erf'),
  Exp: floatOperator('Exp'),
  Expm1: expm1,
  Floor: rounding('Floor'),
  Identity: identity,
  IsFinite: isFinite,
  IsInf: question((graph, x) => is(graph, 'IsInf', x)),
  IsNan: question((graph, x) => is(graph, 'IsNaN', x)),
  Log: floatOperator('Log'),
  Log1p: log1p,
  Neg: ofNumbers('Neg'),
  Reciprocal: floatOperator('Reciprocal'),
  Round: rounding('Round'),
  Rsqrt: rsqrt,
  Sign: ofNumbers('Sign'),
  Sin: floatOperator('Sin'),
  Sinh: floatOperator('Sinh'),
  Sqrt: floatOperator('Sqrt'),
  Tan: floatOperator('Tan'),
} satisfies KernelTable;
