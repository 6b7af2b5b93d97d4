import { at, type RandomStream } from '@clip-lung/tensor';

import {
  countByPatient,
  type Counts,
  countsOf,
  type Labelled,
  sumCounts,
} from './patient-counts.js';

/**
 * Draws the patients whose nodules choose the best epoch: a share of the patients, with about the same share of the nodules of
 * each class. A random draw comes first; then patients inside and outside change places, always the two that help most, for as
 * long as the classes' shares come nearer (sum over classes of the squared difference from the share, in units of the class's
 * total).
 *
 * At least one patient is drawn, and at least one is not, where there are two and the share is above 0.
 *
 * @returns the patients drawn
 */
export function drawValidationPatients(
  nodules: readonly Labelled[],
  {
    classes,
    share,
    random,
  }: {
    readonly classes: readonly string[];
    readonly share: number;
    readonly random: RandomStream;
  },
): ReadonlySet<string> {
  const counts = countByPatient(nodules, classes);
  // Sorted before shuffled, so that the order of the rows makes no difference.
  const names = random.shuffle([...counts.keys()].sort());
  const wanted = patientsToDraw(names.length, share);
  const inside = names.slice(0, wanted);
  const outside = names.slice(wanted);
  const sum = (all: readonly Counts[]): Counts =>
    sumCounts(all, classes.length);
  const totals = sum([...counts.values()]);
  const excess = sum(inside.map((name) => countsOf(counts, name))).map(
    (n, k) => n - share * at(totals, k, 'classes'),
  );
  for (;;) {
    const swap = bestSwap({ inside, outside, counts, excess, totals });
    if (swap === undefined) return new Set(inside);
    const leaving = at(inside, swap.from, 'patients');
    const coming = at(outside, swap.to, 'patients');
    inside[swap.from] = coming;
    outside[swap.to] = leaving;
    const change = difference(
      countsOf(counts, coming),
      countsOf(counts, leaving),
    );
    for (const [k, n] of change.entries())
      excess[k] = at(excess, k, 'classes') + n;
  }
}

function patientsToDraw(patients: number, share: number): number {
  if (share === 0 || patients < 2) return 0;
  return Math.min(patients - 1, Math.max(1, Math.round(share * patients)));
}

function difference(a: Counts, b: Counts): Counts {
  return a.map((n, k) => n - at(b, k, 'classes'));
}

/** Which patient inside and which outside change places; undefined where no change helps. Patients alike are tried once. */
function bestSwap({
  inside,
  outside,
  counts,
  excess,
  totals,
}: {
  readonly inside: readonly string[];
  readonly outside: readonly string[];
  readonly counts: ReadonlyMap<string, Counts>;
  readonly excess: readonly number[];
  readonly totals: Counts;
}): { readonly from: number; readonly to: number } | undefined {
  const kinds = (names: readonly string[]): readonly [number, Counts][] => {
    const first = new Map<string, [number, Counts]>();
    for (const [place, name] of names.entries()) {
      const own = countsOf(counts, name);
      const kind = own.join();
      if (!first.has(kind)) first.set(kind, [place, own]);
    }
    return [...first.values()];
  };
  // Rounding must not make two patients change places for ever.
  let least = -1e-9;
  let best: { from: number; to: number } | undefined;
  const coming = kinds(outside);
  for (const [from, own] of kinds(inside)) {
    for (const [to, other] of coming) {
      const gain = difference(other, own).reduce((gained, n, k) => {
        const total = at(totals, k, 'classes');
        const excessOf = at(excess, k, 'classes');
        return n === 0 ? gained : gained + (n * (2 * excessOf + n)) / total;
      }, 0);
      if (gain >= least) continue;
      least = gain;
      best = { from, to };
    }
  }
  return best;
}
