import * as Plot from '@observablehq/plot';

const fifths = [0, 0.2, 0.4, 0.6, 0.8, 1];

/** Both axes from 0 to 1, with a grid. */
export function unitAxes(x: string, y: string): Plot.PlotOptions {
  const axis = { domain: [0, 1], ticks: fifths, tickFormat: '.1f' };
  return {
    x: { ...axis, label: x, labelAnchor: 'center', labelArrow: 'none' },
    y: { ...axis, label: y, labelAnchor: 'center', labelArrow: 'none' },
  };
}

export function unitGrid(): Plot.Markish[] {
  const lines = { stroke: 'var(--line)', strokeOpacity: 1 };
  return [Plot.gridX(fifths, lines), Plot.gridY(fifths, lines)];
}
