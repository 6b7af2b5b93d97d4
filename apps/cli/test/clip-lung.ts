import { Writable } from 'node:stream';

import { main } from '../src/main.js';

/** What a command left behind. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command in this process. */
export async function clipLung(...args: readonly string[]): Promise<Outcome> {
  const texts = { out: '', err: '' };
  const into = (name: 'out' | 'err'): Writable =>
    new Writable({
      write(chunk: Buffer, _, done) {
        texts[name] += chunk.toString();
        done();
      },
    });
  const code = await main(args, { out: into('out'), err: into('err') });
  return { code, ...texts };
}

/** An experiment that takes seconds. */
export const smallExperiment = {
  image: { use: 'resnet18', width: 2, groups: 2 },
  text: { use: 'random', width: 16, layers: 1 },
  prompt: {
    use: 'channel-conditional',
    attributeTemplate: 'the nodule is {attribute}.',
  },
  training: { epochs: 1, batchSize: 8 },
} as const;
