import { at } from '@clip-lung/tensor';
import { graphType } from '../symbols/host-values.js';
import { alongStored } from './cut.js';
import { attributes, input, type Kernel, type KernelTable } from './kernel.js';

const pad: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const x = input(call, 'x');
  const { paddings, constantValue } = attributes(call) as {
    paddings: [number, number][];
    constantValue: number;
  };
  const order = backend.orderOf(x);
  const value = backend.stored(x);
  const before = alongStored(
    order,
    paddings.map(([first]) => first),
  );
  const after = alongStored(
    order,
    paddings.map(([, last]) => last),
  );
  const shape = value.shape.map(
    (n, axis) => n + at(before, axis) + at(after, axis),
  );
  const operands = [
    value,
    graph.int64([...before, ...after]),
    graph.scalar(constantValue, graphType(x.dtype)),
  ];
  return backend.symbol(graph.node('Pad', operands, value.dtype, shape), order);
};

/** Mirrors rows at the borders, axis by axis; `symmetric` repeats the border itself, which ONNX's `Pad` cannot. */
const mirrorPad: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const x = input(call, 'x');
  const { paddings, mode } = attributes(call) as {
    paddings: [number, number][];
    mode: 'reflect' | 'symmetric';
  };
  const order = backend.orderOf(x);
  const edge = mode === 'symmetric' ? 1 : 0;
  let value = backend.stored(x);
  paddings.forEach(([before, after], axis) => {
    const length = at(x.shape, axis);
    if (before + after === 0) return;
    const rows = Array.from({ length: before + length + after }, (_, i) => {
      const row = i - before;
      if (row < 0) return -row - edge;
      return row < length ? row : 2 * length - 2 - row + edge;
    });
    const stored = at(order, axis);
    const shape = value.shape.map((n, i) => (i === stored ? rows.length : n));
    value = graph.node(
      'Gather',
      [value, graph.int64(rows)],
      value.dtype,
      shape,
      { axis: stored },
    );
  });
  return backend.symbol(value, order);
};

export const paddingKernels = {
  MirrorPad: mirrorPad,
  PadV2: pad,
} satisfies KernelTable;
