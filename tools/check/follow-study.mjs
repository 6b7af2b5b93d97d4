import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const document = resolve(import.meta.dirname, '../../docs/study.md');

/**
 * Does what docs/study.md says, to the letter, in an empty folder: writes its files and runs its lines, one after the other. Then
 * holds what came out to what the document promises.
 *
 * @param {string} folder
 * @param {(program: string, args: readonly string[]) => Promise<string>} run in that folder
 */
export async function followStudy(folder, run) {
  const blocks = [
    ...readFileSync(document, 'utf8').matchAll(
      /<!-- study: (\S+) -->\s*```\w+\n([^]*?)```\s*<!-- end -->/g,
    ),
  ];
  // Each block of the document is one of these.
  const marks = readFileSync(document, 'utf8').match(/^```\w+$/gm) ?? [];
  if (blocks.length < 6 || marks.length !== blocks.length)
    throw new Error(
      `docs/study.md has ${marks.length} blocks of code, of which ${blocks.length} are followed`,
    );
  let said = '';
  for (const [, name, text] of blocks) {
    if (name === 'shell') said = await run('sh', ['-e', '-c', text]);
    else writeFileSync(join(folder, name), text);
  }
  if (!/accuracy/.test(said))
    throw new Error(`evaluate, the last line of docs/study.md, says:\n${said}`);

  const read = (...names) =>
    JSON.parse(readFileSync(join(folder, 'runs/penalty', ...names), 'utf8'));
  const { experiment } = read('experiment.json');
  const modules = experiment.plugins.flatMap((plugin) => plugin.modules);
  if (modules[0]?.name !== 'confidence-penalty')
    throw new Error(`the run has the plugins ${JSON.stringify(modules)}`);
  const { accuracy } = read('summary.json');
  if (!(accuracy >= 0 && accuracy <= 1))
    throw new Error(`the run has the accuracy ${JSON.stringify(accuracy)}`);
  const penalties = readFileSync(
    join(folder, 'runs/penalty/fold-0/metrics.jsonl'),
    'utf8',
  )
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).terms['confidence-penalty']);
  if (!penalties.some((penalty) => penalty > 0))
    throw new Error(`the loss of the document was ${penalties.join(', ')}`);
}

/** Checks the study's types once more, with mistakes that TypeScript has to find. */
export async function expectTypes(folder, run) {
  // Were something of it `any`, these would be no errors, and TypeScript would complain of that.
  writeFileSync(join(folder, 'wrong.ts'), wrong);
  await run('npx', ['tsc']);
}

const wrong = `import { defineExperiment, defineLoss, z } from '@clip-lung/model';

import confidencePenalty from './confidence-penalty.ts';

const plugins = [confidencePenalty] as const;
defineExperiment({
  plugins,
  // @ts-expect-error an option of another type
  losses: [{ use: 'confidence-penalty', threshold: 'high' }],
});
defineExperiment({
  plugins,
  // @ts-expect-error no such loss
  losses: [{ use: 'confidence' }],
});
// @ts-expect-error no such field
defineExperiment({ plugins, optimiser: { use: 'sgd' } });
defineLoss({
  name: 'wrong',
  options: z.strictObject({}),
  create: () => ({
    name: 'wrong',
    needs: [],
    // @ts-expect-error a number is no tensor
    compute: () => 1,
  }),
});
`;
