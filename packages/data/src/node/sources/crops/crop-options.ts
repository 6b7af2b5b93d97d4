import { collections } from '@clip-lung/lidc';
import { z } from 'zod';

import { wholeNumber } from '../source.js';

const names = z
  .array(z.string().min(1, 'expected names separated by commas'))
  .refine(
    (all) => new Set(all).size === all.length,
    'expected names that differ',
  );

/** What can be said of a folder of crops: on the command line, or in its `crops.json`. */
export const cropOptions = z.strictObject({
  classes: names
    .min(2, 'expected two classes or more')
    .optional()
    .meta({ argument: 'list' })
    .describe(
      'the classes, in the order of the outputs (default: those of the table, in alphabetical order)',
    ),
  ordered: z
    .boolean()
    .optional()
    .describe(
      'the classes are ordered, from the lowest to the highest of --classes',
    ),
  attributes: names
    .optional()
    .meta({ argument: 'list' })
    .describe(
      'columns of the table with ratings of attributes, for the losses that use them',
    ),
  collection: z
    .enum(collections)
    .optional()
    .describe('the collection that the nodules come from (default: other)'),
  folds: wholeNumber(2)
    .optional()
    .meta({ argument: 'n' })
    .describe('number of folds; no patient is in two (default: 5)'),
  seed: wholeNumber(0)
    .optional()
    .meta({ argument: 's' })
    .describe('seed of the division into folds (default: 1)'),
  force: z.boolean().optional().describe('accept values that can hardly be HU'),
});

export type CropOptions = z.output<typeof cropOptions>;
