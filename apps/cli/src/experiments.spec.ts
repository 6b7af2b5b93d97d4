import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { PluginFile } from '@clip-lung/model';
import { foldPaths, readCheckpoint } from '@clip-lung/run';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clipLung, type Outcome } from '../test/clip-lung.js';

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url));
let folder = '';
const at = (...names: readonly string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'examples-'));
  await clipLung('phantom', at('lidc'), '--patients', '12', '--seed', '3');
  await clipLung('prepare', at('lidc'), '--out', at('dataset'));
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

/** A fold of an experiment, made as small as it goes. */
function train(
  experiment: string,
  run: string,
  ...more: readonly string[]
): Promise<Outcome> {
  return clipLung(
    ...['train', experiment, '--data', at('dataset'), '--out', at(run)],
    ...['--fold', '0', '--set', 'training.epochs=1'],
    ...['--set', 'training.batchSize=8', '--set', 'image.width=2'],
    ...more,
  );
}

interface Record {
  readonly experiment: {
    readonly plugins: readonly PluginFile[];
  };
}

async function pluginsOf(run: string): Promise<readonly PluginFile[]> {
  const record = JSON.parse(
    await readFile(at(run, 'experiment.json'), 'utf8'),
  ) as Record;
  return record.experiment.plugins;
}

describe('the examples', () => {
  it.each([
    ['image-encoder', 'patch-encoder.ts'],
    ['text-tower', 'shallow-tower.ts'],
    ['prompt', 'gated-prompt.ts'],
    ['loss', 'label-smoothing.ts'],
    ['contrastive-loss', 'supervised-contrastive.ts'],
    ['rating-prompt', 'rating-prompt.ts'],
    ['augmentation', 'cut-out.ts'],
    ['optimizer', 'lion.ts'],
    ['schedule', 'warm-restarts.ts'],
    ['head', 'mlp-head.ts'],
  ])(
    'of a module of one’s own, %s, trains, is remembered, and is exported from the run alone',
    async (kind, file) => {
      const experiment = join(examples, kind, 'experiment.ts');
      expect(await train(experiment, kind)).toMatchObject({ code: 0 });
      expect(await pluginsOf(kind)).toEqual([
        {
          folder: join(examples, kind),
          file,
          files: { [file]: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
          packages:
            kind === 'text-tower' ? { '@clip-lung/text-encoder': '0.1.0' } : {},
          modules: [
            {
              kind: expect.any(String) as string,
              name: expect.any(String) as string,
            },
          ],
          kept: expect.stringMatching(/^plugins\/[0-9a-f]{16}$/) as string,
        },
      ]);
      const out = at(`${kind}.onnx`);
      // Only what classifies is run, and that is asked for.
      const isNeeded = kind === 'image-encoder' || kind === 'head';
      expect(await clipLung('export', at(kind), '--out', out)).toMatchObject({
        code: isNeeded ? 2 : 0,
      });
      expect(
        await clipLung('export', at(kind), '--out', out, '--allow-plugins'),
      ).toMatchObject({ code: 0 });
      expect(await clipLung('evaluate', at(kind))).toMatchObject({ code: 0 });
    },
  );
});

describe('the preset of the published code', () => {
  it('trains on nine attributes, and learns the text tower', async () => {
    const experiment = at('published.json');
    await writeFile(experiment, '{}');
    const outcome = await train(
      experiment,
      'published',
      ...['--set', 'preset=published-code', '--set', 'image.groups=4'],
      ...['--set', 'text={"use": "random", "width": 16, "layers": 1}'],
      ...['--set', 'prompt.attributeTemplate=the nodule has a {attribute}.'],
    );
    expect(outcome).toMatchObject({ code: 0 });
    const { tensors } = await readCheckpoint(
      foldPaths(at('published'), 0),
      'last',
    );
    const weight = 'text.text_model.encoder.layers.0.mlp.fc1.weight';
    const learnt = tensors.get(`params.${weight}`)?.data ?? [];
    // The optimiser's velocity is what a step has left of the gradients.
    const velocity = tensors.get(`optimizer.${weight}`)?.data ?? [];
    expect(learnt).toHaveLength(4 * 16 * 16);
    expect(Array.from(velocity, Number).some((value) => value !== 0)).toBe(
      true,
    );
  });
});

describe('a plugin', () => {
  it('works in a folder of its own, without packages beside it', async () => {
    await cp(join(examples, 'loss'), at('own'), { recursive: true });
    const outcome = await train(at('own', 'experiment.ts'), 'own-run');
    expect(outcome).toMatchObject({ code: 0 });
  });

  it('that throws, exports nothing, or gives another shape is refused by its place', async () => {
    await writeFile(
      at('own', 'throws.ts'),
      'throw new Error("no such table");',
    );
    await writeFile(at('own', 'silent.ts'), 'export const smoothing = 1;');
    await writeFile(
      at('own', 'long.ts'),
      `import { defineLoss, z } from '@clip-lung/model';
       export default defineLoss({
         name: 'label-smoothing',
         options: z.looseObject({}),
         create: () => ({ name: 'long', needs: [], compute: ({ logits }) => logits }),
       });`,
    );
    const refusal = async (file: string): Promise<string> => {
      const set = ['--set', `plugins=["./${file}"]`];
      return (await train(at('own', 'experiment.ts'), 'refused', ...set)).err;
    };
    expect(await refusal('throws.ts')).toMatch(
      /plugins\[0\]: .*throws\.ts cannot be loaded: no such table/,
    );
    expect(await refusal('silent.ts')).toMatch(
      /plugins\[0\]: this is nothing \(there is no default export\)/,
    );
    expect(await refusal('long.ts')).toMatch(
      /losses\[0\]: gives \[8, 3\] for its value, expected \[\]/,
    );
    await expect(readFile(at('refused', 'experiment.json'))).rejects.toThrow();
  });

  it('that is an object which no file exports is refused, as a run could not find it again', async () => {
    await writeFile(
      at('own', 'inline.ts'),
      `import { defineExperiment } from '@clip-lung/model';
       import smoothing from './label-smoothing.ts';
       export default defineExperiment({ plugins: [{ ...smoothing, name: 'mine' }], losses: [{ use: 'mine' }] });`,
    );
    const { err } = await train(at('own', 'inline.ts'), 'refused');
    expect(err).toMatch(/plugins\[0\]: no file exports this by default/);
  });

  it.each([
    ['["./nothing.ts"]', /plugins\[0\]: there is no file .*nothing\.ts/],
    ['["../dataset/manifest.json"]', /plugins\[0\]: this is not a plugin/],
    [
      '"./label-smoothing.ts"',
      /plugins: is ".\/label-smoothing.ts", expected a list/,
    ],
    ['[]', /losses\[0\]\.use: there is no loss "label-smoothing"; known/],
  ])('%s is refused before anything is written', async (plugins, problem) => {
    const { code, err } = await train(
      at('own', 'experiment.ts'),
      'refused',
      '--set',
      `plugins=${plugins}`,
    );
    expect(err).toMatch(problem);
    expect(code).toBe(2);
    await expect(readFile(at('refused', 'experiment.json'))).rejects.toThrow();
  });
});
