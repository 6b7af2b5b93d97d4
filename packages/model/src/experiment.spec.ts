import { describe, expect, it } from 'vitest';

import { asRecorded } from './as-recorded.js';
import { ExperimentError } from './errors.js';
import type { Experiment } from './experiment.js';
import { resolveExperiment } from './resolve-experiment.js';
import { withDataset } from './with-dataset.js';

describe('an experiment', () => {
  it('that says nothing is the paper’s', () => {
    expect(resolveExperiment({})).toEqual({
      preset: 'paper',
      plugins: [],
      data: {
        subset: 'A',
        folds: 5,
        validation: 0.2,
        validationBy: 'patients',
        targets: 'label',
        sampling: 'shuffled',
        attributes: 'dataset',
      },
      image: { use: 'resnet18', groups: 4, width: 64, embedding: 512 },
      head: { use: 'linear' },
      text: {
        use: 'clip',
        model: 'Xenova/clip-vit-base-patch16',
        revision: null,
        host: null,
        train: false,
      },
      prompt: {
        use: 'channel-conditional',
        template: 'a nodule image of {class}.',
        attributeTemplate: 'the nodule is {attribute}.',
        classNames: null,
        attributeNames: null,
        attributes: 'conditioned',
        reduction: 16,
      },
      logitScale: { initial: 1 / 0.07, max: 100, learn: true },
      losses: [
        { use: 'cross-entropy', weight: 1 },
        { use: 'image-class', weight: 1, targets: 'batch' },
        { use: 'image-attribute', weight: 1, form: 'paper' },
        { use: 'class-attribute', weight: 0.5, form: 'paper' },
      ],
      optimizer: {
        use: 'sgd',
        momentum: 0.9,
        weightDecay: 5e-5,
        nesterov: false,
      },
      augment: [],
      training: {
        epochs: 100,
        best: 'accuracy',
        patience: null,
        checkpointSteps: null,
        batchSize: 32,
        learningRate: 1e-3,
        schedule: { use: 'cosine', per: 'step', final: 0, warmup: 0 },
        accumulate: 1,
        clipNorm: null,
        ema: 0.999,
        emaWarmup: false,
        seed: 1,
      },
    });
  });

  it.each<Experiment>([
    {},
    { losses: [{ use: 'cross-entropy' }] },
    {
      text: { use: 'random', width: 32 },
      prompt: { use: 'coop' },
      training: { momentum: 0.5, seed: -3 },
    },
    { preset: 'published-code', logitScale: { learn: false } },
    { losses: [{ use: 'class-balanced', beta: 0.9 }], head: { use: 'unsure' } },
    { preset: 'published-code', training: { schedule: { use: 'step' } } },
    { training: { schedule: { use: 'one-cycle' } } },
    { optimizer: { use: 'adamw', beta2: 0.99 }, training: { weightDecay: 0 } },
  ])(
    'once resolved resolves to itself, also through JSON: %j',
    (experiment) => {
      const resolved = resolveExperiment(experiment);
      expect(resolveExperiment(JSON.parse(JSON.stringify(resolved)))).toEqual(
        resolved,
      );
    },
  );

  it('of the published code differs from the paper’s in what is listed, and in nothing else', () => {
    const paper = resolveExperiment({});
    expect(resolveExperiment({ preset: 'published-code' })).toEqual({
      ...paper,
      preset: 'published-code',
      data: { ...paper.data, attributes: 'nine' },
      text: { ...paper.text, train: true },
      prompt: {
        ...paper.prompt,
        // As models/resnet.py of the published code lists them.
        attributeNames: [
          ...['malignancy', 'subtlety', 'internalStructure', 'calcification'],
          ...['sphericity', 'margin', 'lobulation', 'spiculation', 'texture'],
        ],
      },
      logitScale: { ...paper.logitScale, max: null },
      losses: [
        { use: 'cross-entropy', weight: 1 },
        { use: 'image-class', weight: 1, targets: 'first-groups' },
        { use: 'image-attribute', weight: 1, form: 'published-code' },
        { use: 'class-attribute', weight: 0.5, form: 'published-code' },
      ],
      optimizer: { ...paper.optimizer, weightDecay: 1e-4 },
      training: {
        ...paper.training,
        schedule: { ...paper.training.schedule, per: 'epoch' },
      },
    });
  });

  it('on record from before there were some of the options has what runs did then, whatever the preset does now', () => {
    const now = resolveExperiment({ preset: 'published-code' });
    const without = (fields: object | null, ...later: readonly string[]) =>
      Object.fromEntries(
        Object.entries(fields ?? {}).filter(([name]) => !later.includes(name)),
      );
    const then = resolveExperiment(
      asRecorded({
        ...now,
        data: without(now.data, 'validationBy'),
        training: without(now.training, 'schedule', 'accumulate', 'clipNorm'),
        prompt: without(now.prompt, 'attributeNames'),
      }),
    );
    expect(then.data.validationBy).toBe('nodules');
    expect(then.training.schedule).toEqual(
      resolveExperiment({}).training.schedule,
    );
    expect(then.training).toMatchObject({ accumulate: 1, clipNorm: null });
    expect(then.prompt?.['attributeNames']).toContain('internal structure');
    expect(resolveExperiment(asRecorded({ ...now }))).toEqual(now);
    // There was a choice of `per` before there was one of schedules.
    expect(
      resolveExperiment(
        asRecorded({
          ...now,
          training: { ...now.training, schedule: { per: 'epoch' } },
        }),
      ),
    ).toEqual(now);
    expect(asRecorded({ ...now, prompt: null })['prompt']).toBeNull();
  });

  it('overrides its preset field by field', () => {
    const found = resolveExperiment({
      preset: 'published-code',
      data: { attributes: 'eight' },
      text: { use: 'random', train: false },
      logitScale: { max: 50 },
      losses: [
        { use: 'class-attribute' },
        { use: 'image-class', targets: 'batch', weight: 2 },
        { use: 'focal' },
      ],
      training: { weightDecay: 0 },
    });
    expect(found.data.attributes).toBe('eight');
    expect(found.text).toMatchObject({ use: 'random', train: false });
    expect(found.logitScale.max).toBe(50);
    expect(found.losses).toEqual([
      { use: 'class-attribute', weight: 0.5, form: 'published-code' },
      { use: 'image-class', weight: 2, targets: 'batch' },
      { use: 'focal', weight: 1, gamma: 2 },
    ]);
    expect(found.optimizer['weightDecay']).toBe(0);
  });

  it('spells the attributes as its preset does, whatever the prompt learner and the set of attributes', () => {
    const found = resolveExperiment({
      preset: 'published-code',
      data: { attributes: 'eight' },
      prompt: { use: 'coop' },
    });
    expect(found.prompt?.['attributeNames']).toHaveLength(8);
    expect(found.prompt?.['attributeNames']).toContain('internalStructure');
  });

  it('takes the attributes of its dataset, by the words of its preset where they are LIDC-IDRI’s', () => {
    const paper = resolveExperiment({});
    const attributes = [
      ...['subtlety', 'internalStructure', 'calcification', 'sphericity'],
      ...['margin', 'lobulation', 'spiculation', 'texture'],
    ];
    const words = attributes.map((name) =>
      name === 'internalStructure' ? 'internal structure' : name,
    );
    const ofLidc = withDataset(paper, { attributes });
    // As runs of before had it, so that they go on.
    expect(ofLidc.data.attributes).toBe('eight');
    expect(ofLidc.prompt?.['attributeNames']).toEqual(words);
    expect(withDataset(paper, { attributes: [] })).toEqual(ofLidc);
    const own = withDataset(paper, { attributes: ['glow', 'toString'] });
    expect(own.data.attributes).toEqual(['glow', 'toString']);
    expect(own.prompt?.['attributeNames']).toEqual(['glow', 'toString']);
    for (const resolved of [ofLidc, own]) {
      expect(withDataset(resolved, { attributes: ['others'] })).toEqual(
        resolved,
      );
      expect(resolveExperiment(JSON.parse(JSON.stringify(resolved)))).toEqual(
        resolved,
      );
    }
    expect(() =>
      resolveExperiment({ data: { attributes: ['glow', 'glow'] } }),
    ).toThrow(/^data\.attributes: expected names that differ/);
    expect(() => resolveExperiment({ data: { attributes: 'all' } })).toThrow(
      /^data\.attributes: expected "dataset", "eight", "nine", or a list/,
    );
  });

  it('need not repeat which module an option is of, where the preset says it', () => {
    const found = resolveExperiment({
      image: { width: 8 },
      prompt: { reduction: 4 },
      text: { train: true },
    });
    expect(found.image).toMatchObject({ use: 'resnet18', width: 8 });
    expect(found.prompt).toMatchObject({ reduction: 4 });
    expect(found.text).toMatchObject({ use: 'clip', train: true });
  });

  it('has any of the objective’s terms, with any weight', () => {
    const losses = [
      { use: 'cross-entropy' },
      { use: 'image-class', weight: 0.3 },
    ];
    expect(
      resolveExperiment({ losses }).losses.map(({ use, weight }) => [
        use,
        weight,
      ]),
    ).toEqual([
      ['cross-entropy', 1],
      ['image-class', 0.3],
    ]);
  });

  it('without a loss that needs text has none', () => {
    const resolved = resolveExperiment({
      text: { use: 'random' },
      losses: [{ use: 'cross-entropy' }],
    });
    expect([resolved.text, resolved.prompt]).toEqual([null, null]);
  });

  it.each([
    [
      { training: { epochs: 0 } },
      'training.epochs',
      /expected number to be >=1/,
    ],
    [{ training: { batchSize: 2.5 } }, 'training.batchSize', /expected int/],
    [
      { trainng: {} },
      '',
      /Unrecognized key: "trainng"; known: augment, data, .*, training$/,
    ],
    [
      { training: { epoks: 3 } },
      'training',
      /Unrecognized key: "epoks"; known: accumulate, batchSize, best, checkpointSteps, clipNorm, ema, .*, epochs, /,
    ],
    [
      { text: { use: 'random', model: './clip' } },
      'text',
      /Unrecognized key: "model"; known to "random": embedding, heads, layers, /,
    ],
    [{ data: { subset: 'D' } }, 'data.subset', /"A"\|"B"\|"C"/],
    [
      { image: { use: 'vgg' } },
      'image.use',
      /no image encoder "vgg"; known: resnet18/,
    ],
    [
      { image: { use: 'resnet18', depth: 3 } },
      'image',
      /Unrecognized key: "depth"/,
    ],
    [
      { text: { use: 'bert' } },
      'text.use',
      /no text tower "bert"; known: clip, random/,
    ],
    [{ text: { use: 'constructor' } }, 'text.use', /no text tower/],
    [
      { text: { use: 'random', width: 'wide' } },
      'text.width',
      /expected number/,
    ],
    [
      { prompt: { use: 'coop', reduction: 4 } },
      'prompt',
      /Unrecognized key: "reduction"; known to "coop": .*classPosition.*template/,
    ],
    [{ losses: [] }, 'losses', /expected array to have >=1/],
    [
      { losses: [{ use: 'cross-entropy', weight: 0 }] },
      'losses',
      /no weight above 0/,
    ],
    [
      { losses: [{ use: 'cross-entropy' }, { use: 'mse' }] },
      'losses[1].use',
      /no loss "mse"; known: class-attribute, .*cross-entropy/,
    ],
    [
      { losses: [{ use: 'cross-entropy', weight: -1 }] },
      'losses[0].weight',
      />=0/,
    ],
    [
      { losses: [{ use: 'cross-entropy' }, { use: 'cross-entropy' }] },
      'losses',
      /"cross-entropy" is listed twice/,
    ],
    [
      { training: { momentum: 2 } },
      'training.momentum',
      /expected number to be <1/,
    ],
    [
      { optimizer: { use: 'adamw' }, training: { momentum: 0.9 } },
      'training.momentum',
      /"momentum"; known to "adamw": beta1, beta2, epsilon, weightDecay$/,
    ],
    [
      { optimizer: { use: 'adamw', momentum: 0.9 } },
      'optimizer',
      /"momentum"; known to "adamw"/,
    ],
    [
      { optimizer: { use: 'adamw' }, training: { weightDecay: -1 } },
      'training.weightDecay',
      /Too small: .* >=0/,
    ],
    [
      { optimizer: { use: 'sgd' }, training: { momentum: 2 } },
      'training.momentum',
      /expected number to be <1/,
    ],
    [
      { optimizer: { use: 'adamw', epsilon: 0 } },
      'optimizer.epsilon',
      /Too small: .* >0/,
    ],
    [
      { preset: 'code' },
      'preset',
      /no preset "code"; known: paper, published-code/,
    ],
    [{ plugins: ['./x.ts'] }, 'plugins[0]', /a path has to be loaded first/],
    [
      { logitScale: { initial: 200 } },
      'logitScale.initial',
      /is 200, above logitScale.max, 100/,
    ],
    [{ logitScale: { max: 0 } }, 'logitScale.max', />0/],
    [
      { augment: [{ use: 'blur' }] },
      'augment[0].use',
      /no augmentation "blur"; known: /,
    ],
    [{ prompt: { attributes: 'none' } }, 'prompt.attributes', /"conditioned"/],
    [{ data: { targets: 'mean' } }, 'data.targets', /"label"\|"votes"/],
    [3, '', /expected object/],
    [
      { text: { use: 'random', layers: 1e9 } },
      'text.layers',
      /Too big: .* <=48/,
    ],
    [
      { head: { use: 'ordinal-forest', trees: 1e7 } },
      'head.trees',
      /Too big: .* <=100/,
    ],
    [
      { losses: [{ use: 'focal', gamma: 1e9 }] },
      'losses[0].gamma',
      /Too big: .* <=100/,
    ],
    [
      { losses: [{ use: 'cross-entropy', weight: 1e40 }] },
      'losses[0].weight',
      /Too big/,
    ],
    [
      { augment: [{ use: 'shift', voxels: 1e9 }] },
      'augment[0].voxels',
      /Too big: .* <=1000/,
    ],
    [
      { training: { schedule: { per: 'batch' } } },
      'training.schedule.per',
      /"step"\|"epoch"/,
    ],
    [
      { training: { schedule: { every: 2 } } },
      'training.schedule',
      /Unrecognized key: "every"; known to "cosine": final, per, warmup$/,
    ],
    [
      { training: { schedule: { use: 'linear' } } },
      'training.schedule.use',
      /no schedule "linear"; known: constant, cosine, one-cycle, step$/,
    ],
    [
      { training: { schedule: { use: 'step', per: 'step' } } },
      'training.schedule',
      /"per"; known to "step": every, factor, warmup$/,
    ],
    [
      { training: { schedule: { use: 'step', factor: 0 } } },
      'training.schedule.factor',
      />0/,
    ],
    [
      { training: { schedule: 'step' } },
      'training.schedule',
      /expected object/,
    ],
    [
      { prompt: { classNames: ['benign', '  '] } },
      'prompt.classNames[1]',
      /expected a name, not blanks/,
    ],
  ])(
    '%j is refused, by the path of what is wrong',
    (experiment, path, problem) => {
      let found: unknown;
      try {
        resolveExperiment(experiment);
      } catch (error) {
        found = error;
      }
      expect(found).toBeInstanceOf(ExperimentError);
      expect(found).toMatchObject({ path });
      expect((found as Error).message).toMatch(problem);
    },
  );

  // A slip of the keyboard is told by its name, whatever number it is in.
  it.each([
    ['training', 'epochs', 99999999999],
    ['training', 'epochs', 1e300],
    ['training', 'batchSize', 5000],
    ['training', 'learningRate', 1e39],
    ['training', 'learningRate', 1e-60],
    ['training', 'accumulate', 1e6],
    ['training', 'accumulate', 0],
    ['training', 'clipNorm', 1e39],
    ['training', 'clipNorm', 0],
    ['training', 'seed', 2 ** 60],
    ['data', 'folds', 1e6],
    ['image', 'width', 100000],
    ['image', 'groups', 65],
    ['image', 'embedding', 2 ** 31],
    ['image', 'channels', 1e9],
    ['optimizer', 'weightDecay', 1e200],
    ['prompt', 'reduction', 99999999999],
    ['logitScale', 'initial', 1e-200],
  ])('has bounds: %s.%s cannot be %d', (part, field, value) => {
    expect(() => resolveExperiment({ [part]: { [field]: value } })).toThrow(
      new RegExp(
        `^${part}\\.${field}: Too (big|small): expected (number|int) to be`,
      ),
    );
  });
});
