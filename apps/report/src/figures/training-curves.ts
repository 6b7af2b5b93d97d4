import * as Plot from '@observablehq/plot';

import type { Html } from '../page/html.js';
import { draw, type FigureText } from './drawing.js';

export interface EpochValue {
  readonly fold: number;
  /** counted from 0 */
  readonly epoch: number;
  readonly of: 'training' | 'validation';
  readonly value: number;
}

export interface TrainingCurves extends FigureText {
  readonly values: readonly EpochValue[];
  /** what is drawn: `loss` */
  readonly axis: string;
  /** of the axis; undefined where it follows from the values */
  readonly range?: readonly [least: number, greatest: number];
}

/** A line for each fold: training drawn through, validation dashed. */
export function trainingCurves({
  values,
  axis,
  range,
  ...text
}: TrainingCurves): Html {
  const line = (
    of: EpochValue['of'],
    style: Plot.LineOptions,
  ): readonly Plot.Markish[] => {
    const own = values.filter((value) => value.of === of);
    return [
      Plot.line(own, { x: 'epoch', y: 'value', z: 'fold', ...style }),
      // One epoch alone makes no line.
      Plot.dot(own, {
        x: 'epoch',
        y: 'value',
        r: values.some(({ epoch }) => epoch > 0) ? 0 : 3,
        fill: style.stroke as string,
      }),
    ];
  };
  const last = Math.max(1, ...values.map(({ epoch }) => epoch));
  return draw(
    {
      x: {
        domain: [0, last],
        label: 'epoch',
        labelAnchor: 'center',
        labelArrow: 'none',
        tickFormat: 'd',
        ticks: Math.min(6, last),
      },
      y: {
        ...(range ? { domain: range } : { zero: true }),
        label: axis,
        labelAnchor: 'center',
        labelArrow: 'none',
        ticks: 6,
      },
      r: { type: 'identity' },
      marks: [
        Plot.gridY({ ticks: 6, stroke: 'var(--line)', strokeOpacity: 1 }),
        ...line('training', { stroke: 'var(--a)', strokeWidth: 1.5 }),
        ...line('validation', {
          stroke: 'var(--b)',
          strokeWidth: 1.5,
          strokeDasharray: '5 3',
        }),
      ],
    },
    text,
  );
}
