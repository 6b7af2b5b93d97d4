import { defineSchedule, z } from '@clip-lung/model';

/**
 * Cosines one after the other, each longer than the one before, and each from the full learning rate.
 *
 * @see Loshchilov & Hutter, SGDR (arXiv 1608.03983), equation 5
 */
export default defineSchedule({
  name: 'warm-restarts',
  options: z.strictObject({
    /** epochs of the first cosine */
    first: z.number().positive().default(10),
    /** how many times as long as the one before each is */
    longer: z.number().min(1).default(2),
  }),
  create:
    ({ first, longer }) =>
    (step, { base, stepsPerEpoch }) => {
      let length = first * stepsPerEpoch;
      let place = step;
      while (place >= length) {
        place -= length;
        length *= longer;
      }
      return (base * (1 + Math.cos((Math.PI * place) / length))) / 2;
    },
});
