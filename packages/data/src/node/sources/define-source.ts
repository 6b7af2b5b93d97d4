import { asFileWriteError } from '@clip-lung/tensor/node';
import type { z } from 'zod';

import type { JobOptions } from '../../progress.js';
import { expectReplaceable } from '../dataset/out-folder.js';
import { PartialFolder } from '../scratch/partial-folder.js';
import { expectOpened } from './expect-opened.js';
import type { OpenSource } from './open-source.js';
import type { Source } from './source.js';
import { writeNodules } from './write-nodules.js';

/** A source that has its nodules' crops ready, or makes them one by one. */
export interface NoduleSource<Schema extends z.ZodObject>
  extends Omit<Source<Schema>, 'prepare' | 'prepareShard'> {
  /**
   * Looks at the input, and says what it has. Its nodules are asked for one after the other, so memory need hold one alone.
   *
   * @throws `InputError`, with the file and what was expected, for an input that is not what it should be
   */
  open(
    input: string,
    options: z.output<Schema>,
    job: JobOptions,
  ): OpenSource | Promise<OpenSource>;
}

/**
 * Defines a source of datasets. Folds, tables and manifest are made of what it says.
 *
 * A file whose default export it is can be given to `prepare --from`. Docs: `docs/own-crops.md`.
 */
export function defineSource<Schema extends z.ZodObject>(
  source: NoduleSource<Schema>,
): Source<Schema> {
  return {
    ...source,
    async prepare({ input, out, options, code, ...job }) {
      await expectReplaceable(out);
      const opened = await source.open(input, options, job);
      expectOpened(opened, source.name);
      const record = opened.source ?? {
        ...{ name: 'own' as const, of: source.name, options },
        ...(code && { code }),
      };
      try {
        // For its lock, and for what a killed run has left beside the dataset.
        const beside = await PartialFolder.open(out);
        try {
          return await writeNodules(opened, record, { input, out, ...job });
        } finally {
          await beside.leave();
        }
      } catch (error) {
        throw asFileWriteError(out, error);
      }
    },
  };
}
