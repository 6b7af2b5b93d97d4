import { z } from 'zod';

// Every number of an experiment has a largest value: far above what anyone trains with, and below what memory, or a float32,
// can hold. So a slip of the keyboard is refused by its name, and not by whatever breaks first.

/** A whole number from 1. */
export const count = (most: number): z.ZodInt => z.int().min(1).max(most);

/** A weight or a factor that may be 0. */
export const amount = z.number().min(0).max(1e6);

/** A number above 0 that is neither 0 nor infinite in float32. */
export const positive = (most = 1e30): z.ZodNumber =>
  z.number().positive().min(1e-30).max(most);

/** A probability or a part of a whole, its ends included. */
export const share = z.number().min(0).max(1);

/** Of a decay or a momentum: what is 1 never changes anything. */
export const decay = z.number().min(0).lt(1);

/** What can choose the best epoch, on the validation nodules. */
export const bestBy = ['accuracy', 'macroF1', 'auc', 'kappa', 'loss'] as const;

/** How an epoch takes the nodules to learn from. */
export const samplings = ['shuffled', 'balanced'] as const;

/** Of random numbers. */
export const seed = z.int();
