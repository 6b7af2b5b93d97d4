import { describe, expect, it } from 'vitest';

import { ExperimentFileError } from './errors.js';
import { applyOverrides } from './overrides.js';

const experiment = {
  training: { epochs: 100, seed: 1 },
  losses: [{ use: 'a' }, { use: 'b' }],
};

describe('--set', () => {
  it.each([
    ['training.epochs=3', { ...experiment, training: { epochs: 3, seed: 1 } }],
    [
      'losses[1].weight=0.5',
      { ...experiment, losses: [{ use: 'a' }, { use: 'b', weight: 0.5 }] },
    ],
    ['losses.0.use=c', { ...experiment, losses: [{ use: 'c' }, { use: 'b' }] }],
    ['text.model=./my model', { ...experiment, text: { model: './my model' } }],
    ['text=null', { ...experiment, text: null }],
    ['prompt.template=a=b', { ...experiment, prompt: { template: 'a=b' } }],
  ])('%s', (override, expected) => {
    expect(applyOverrides(experiment, [override])).toEqual(expected);
  });

  it('is applied in order, and leaves the experiment as it was', () => {
    const before = structuredClone(experiment);
    expect(
      applyOverrides(experiment, [
        'training={"epochs":1}',
        'training.epochs=2',
      ]),
    ).toEqual({
      ...experiment,
      training: { epochs: 2 },
    });
    expect(experiment).toEqual(before);
  });

  it.each([
    ['training.epochs', /expected path=value/],
    ['=3', /expected path=value/],
    ['training.epochs.x=3', /"x" would be inside 100/],
    ['losses[2].weight=1', /"2" is not an index into a list of 2/],
    [
      'augment[0].voxels=1',
      /does not write this list itself, so it has no entry 0/,
    ],
  ])('%s is refused', (override, problem) => {
    expect(() => applyOverrides(experiment, [override])).toThrow(
      ExperimentFileError,
    );
    expect(() => applyOverrides(experiment, [override])).toThrow(problem);
  });
});
