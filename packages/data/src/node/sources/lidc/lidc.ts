import { labelStatistics, rules } from '@clip-lung/lidc';
import { z } from 'zod';

import { type Source, wholeNumber } from '../source.js';
import { prepareDataset } from './prepare-dataset.js';
import { prepareShard } from './prepare-shard.js';

/** How much larger than a model sees them crops are stored for augmentation, unless a number is given. */
const usualMargin = 1.5;

const notAMargin = 'expected a number of at least 1';

const options = z.strictObject({
  minReaders: wholeNumber(1)
    .default(1)
    .meta({ argument: 'n' })
    .describe('leave out nodules that fewer readers have annotated'),
  rule: z
    .enum(rules)
    .default('pylidc')
    .describe(
      'whether a malignancy of 2.5 or 3.5 is unsure (pylidc: exclusive bounds) or not (inclusive)',
    ),
  label: z
    .enum(labelStatistics)
    .default('mean')
    .meta({ argument: 'statistic' })
    .describe(
      "which average of the readers' malignancy ratings decides the class",
    ),
  margin: z
    .union(
      [
        z.literal(true).transform(() => usualMargin),
        z.number().min(1, notAMargin),
      ],
      {
        error: notAMargin,
      },
    )
    .optional()
    .meta({ argument: 'times' })
    .describe(
      `store larger crops than the model sees, for augmentation (default ${usualMargin} times)`,
    ),
  patients: z
    .union(
      [
        wholeNumber(1),
        z.array(z.string().min(1, 'expected IDs separated by commas')),
      ],
      {
        error: 'expected IDs separated by commas, or a number of patients',
      },
    )
    .optional()
    .meta({ argument: 'list' })
    .describe(
      'only these patients (IDs separated by commas), or only this many',
    ),
  strict: z
    .boolean()
    .optional()
    .describe('end with an error when a scan cannot be prepared'),
  folds: wholeNumber(2)
    .default(5)
    .meta({ argument: 'n' })
    .describe('number of folds; no patient is in two'),
  seed: wholeNumber(0)
    .default(1)
    .meta({ argument: 's' })
    .describe('seed of the division into folds'),
  workers: wholeNumber(1)
    .optional()
    .meta({ argument: 'n' })
    .describe(
      'threads that prepare scans (default: one per processor, at most 4)',
    ),
});

/** LIDC-IDRI as TCIA hands it out. */
export const lidcSource: Source<typeof options> = {
  name: 'lidc',
  aliases: ['lidc-idri'],
  reads:
    'a folder with the CT series and the annotation files of LIDC-IDRI, in any layout',
  options,
  prepare: ({ input, out, options: chosen, ...job }) =>
    prepareDataset({ folder: input, out, ...chosen, ...job }),
  prepareShard: ({ input, out, options: chosen, ...job }) =>
    prepareShard({ folder: input, out, ...chosen, ...job }),
};
