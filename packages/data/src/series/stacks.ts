import { at } from '@clip-lung/tensor';

import { isOriginal } from '../dicom/acquisition.js';
import type { SliceHeader } from '../dicom/header.js';
import type { Warning } from '../warning.js';
import type { Placed } from './geometry.js';
import {
  gapShare,
  gapsOf,
  leastDistance,
  median,
  unevenShare,
} from './positions.js';

/** The slices of a series that make up one volume, and a warning for each stack that was left out. */
export interface ChosenStack {
  readonly stack: readonly Placed[];
  readonly warnings: readonly Warning[];
}

/** An element of the header whose values tell stacks apart. */
interface Trait {
  readonly name: string;
  readonly of: (slice: SliceHeader) => string | null;
}

const traits: readonly Trait[] = [
  {
    name: 'Frame of Reference UID',
    of: ({ acquisition }) => acquisition.frameOfReference,
  },
  {
    name: 'Acquisition Number',
    of: ({ acquisition }) => acquisition.number,
  },
  {
    name: 'Temporal Position Identifier',
    of: ({ acquisition }) => acquisition.temporalPosition,
  },
  {
    name: 'Nominal Percentage of Cardiac Phase',
    of: ({ acquisition }) => acquisition.phase?.toString() ?? null,
  },
  { name: 'Echo Numbers', of: ({ acquisition }) => acquisition.echo },
  { name: 'KVP', of: ({ acquisition }) => acquisition.kvp },
  {
    name: 'Contrast/Bolus Agent',
    of: ({ acquisition }) => acquisition.contrast,
  },
  {
    name: 'Image Type',
    of: ({ acquisition }) => acquisition.imageType.join('\\') || null,
  },
  {
    name: 'Convolution Kernel',
    of: ({ acquisition }) => acquisition.kernel,
  },
  { name: 'Filter Type', of: ({ acquisition }) => acquisition.filter },
  {
    name: 'Reconstruction Diameter',
    of: ({ acquisition }) => acquisition.diameter,
  },
  {
    name: 'matrix and Pixel Spacing',
    of: ({ format: { rows, columns }, pixelSpacing }) =>
      `${rows} × ${columns} of ${pixelSpacing?.join(' × ') ?? 'unknown'} mm`,
  },
  {
    name: 'Slice Thickness',
    of: ({ sliceThickness }) => sliceThickness?.toString() ?? null,
  },
];

/** Numbers by which slices follow each other: within a stack they rise, or fall, with the position. */
const orders: readonly {
  readonly name: string;
  readonly of: (slice: SliceHeader) => number | null;
}[] = [
  { name: 'Instance Number', of: ({ order }) => order.instance },
  { name: 'Acquisition Time', of: ({ order }) => order.acquired },
  { name: 'Content Time', of: ({ order }) => order.created },
];

/**
 * Chooses one stack of slices where several share a series: acquisitions, phases, reconstructions. They are told apart by what
 * their headers say ({@link traits}), and where that is the same, by where the numbers of the slices start anew. Stacks
 * that lie one after the other are one volume; those that lie within each other are not. Of these, the one whose slices the
 * annotations name is taken, else ORIGINAL images before DERIVED ones.
 *
 * @param stack by position
 * @param named SOP Instance UIDs of the slices that annotations name
 * @param refuse called where nothing says which stack is meant
 */
export function chooseStack(
  stack: readonly Placed[],
  named: ReadonlySet<string>,
  refuse: (problem: string) => never,
): ChosenStack {
  let chosen = stack;
  const warnings: Warning[] = [];
  const narrow = (name: string, groups: readonly Group[]): void => {
    if (!groups.some((a, i) => groups.slice(i + 1).some((b) => conflict(a, b))))
      return;
    const { best, annotated } = bestOf(groups, named);
    if (best === undefined) {
      refuse(
        `holds several stacks of slices within each other, told apart by ${name}: ${groups.map(describe).join('; ')}. ${named.size === 0 ? 'Nothing says' : 'The annotations do not say'} which is meant; keep the files of one of them`,
      );
      return;
    }
    const kept = [best];
    for (const group of groups) {
      const [file] = filesOf(group);
      if (group === best || file === undefined) continue;
      if (!kept.some((other) => conflict(other, group))) {
        kept.push(group);
        continue;
      }
      warnings.push({
        code: 'other-stack',
        file,
        message: `${name}: ${describe(group)} are left out: they lie within ${describe(best)} of the same series, ${annotated ? 'which the annotations name' : 'which are ORIGINAL'}`,
      });
    }
    chosen = kept.flatMap(({ stack }) => stack).sort(([a], [b]) => a - b);
  };
  for (const { name, of } of traits) narrow(name, groupsBy(chosen, of));
  if (isRegular(chosen)) return { stack: chosen, warnings };
  for (const { name, of } of orders) narrow(name, runsBy(chosen, of));
  // Who numbered them in the order of their positions took them for one stack.
  if (!orders.some(({ of }) => isInOrder(chosen, of))) {
    narrow('the distances of their slices', interleaved(chosen));
  }
  return { stack: chosen, warnings };
}

interface Group {
  readonly value: string;
  readonly stack: readonly Placed[];
}

function groupsBy(
  stack: readonly Placed[],
  of: (slice: SliceHeader) => string | null,
): readonly Group[] {
  const groups = new Map<string, Placed[]>();
  for (const placed of stack) {
    const value = of(placed[1]) ?? 'none';
    const group = groups.get(value);
    if (group) group.push(placed);
    else groups.set(value, [placed]);
  }
  return [...groups].map(([value, own]) => ({ value, stack: own }));
}

/** Stacks in each of which the number rises or falls with the position; none unless every slice has the number. */
function runsBy(
  stack: readonly Placed[],
  of: (slice: SliceHeader) => number | null,
): readonly Group[] {
  const numbered = stack.flatMap((placed) => {
    const number = of(placed[1]);
    return number === null ? [] : [{ number, placed }];
  });
  if (numbered.length < stack.length) return [];
  numbered.sort((a, b) => a.number - b.number);
  const runs: (typeof numbered)[] = [];
  let [direction, last] = [0, NaN];
  for (const one of numbered) {
    const step = Math.sign(one.placed[0] - last);
    const run = runs.at(-1);
    if (run === undefined || (run.length > 1 && step !== direction)) {
      runs.push([one]);
    } else {
      run.push(one);
      direction = step;
    }
    last = one.placed[0];
  }
  // Numbers that turn at every other slice tell nothing.
  if (runs.some((run) => run.length < leastRun)) return [];
  return runs.map((run) => ({
    value: `${at(run, 0).number} to ${at(run, run.length - 1).number}`,
    stack: run.map(({ placed }) => placed).sort(([a], [b]) => a - b),
  }));
}

/** Slices that a run of numbers, or of even distances, must have to count as a stack. */
const leastRun = 3;

/** Whether all slices have a number that rises, or falls, with their positions. */
function isInOrder(
  stack: readonly Placed[],
  of: (slice: SliceHeader) => number | null,
): boolean {
  const numbers = stack.map(([, slice]) => of(slice) ?? NaN);
  const signs = new Set(gapsOf(numbers).map(Math.sign));
  return signs.size === 1 && !signs.has(0) && !signs.has(NaN);
}

/** By this part of it, the distances of one stack differ for rounding alone. */
const roundingShare = 0.02;
/** More stacks than this are not looked for in the distances alone. */
const mostInterleaved = 4;

/** Stacks of even distances that a stack of uneven ones falls into without rest; none where it does not. */
function interleaved(stack: readonly Placed[]): readonly Group[] {
  const positions = stack.map(([position]) => position);
  for (let count = 2; count <= mostInterleaved; count++) {
    const step = median(
      positions.slice(count).map((position, k) => position - at(positions, k)),
    );
    const chains: Placed[][] = [];
    for (const placed of stack) {
      const chain = chains.find((own) => {
        const distance = placed[0] - at(own, own.length - 1)[0];
        return Math.abs(distance - step) <= roundingShare * step;
      });
      if (chain) chain.push(placed);
      else chains.push([placed]);
    }
    if (
      chains.length === count &&
      chains.every((chain) => chain.length >= leastRun)
    ) {
      return chains.map((own) => ({
        value: `every ${Number(step.toFixed(3))} mm from ${at(own, 0)[0].toFixed(2)} mm on`,
        stack: own,
      }));
    }
  }
  return [];
}

function conflict(a: Group, b: Group): boolean {
  return isAmong(a.stack, b.stack) || isAmong(b.stack, a.stack);
}

/**
 * Whether slices lie where a stack has slices of its own, or between two of them that are no further apart than usual: not
 * before it, behind it, or in its gaps. Two stacks that meet, at the last place of one and the first of the other, follow each
 * other.
 */
function isAmong(
  slices: readonly Placed[],
  others: readonly Placed[],
): boolean {
  const places = slices.map(([position]) => position);
  const positions = others.map(([position]) => position);
  const usual = median(gapsOf(positions).filter((gap) => gap > 0));
  const near = (a: number | undefined, b: number | undefined): boolean =>
    a !== undefined &&
    b !== undefined &&
    Math.abs(a - b) <= leastDistance(usual);
  let shared = 0;
  let k = 0;
  for (const position of places) {
    while (k < positions.length && at(positions, k) < position) k += 1;
    const [below, above] = [positions[k - 1], positions[k]];
    if (near(position, below) || near(position, above)) shared += 1;
    else if (below === undefined || above === undefined) continue;
    else if (above - below <= gapShare * usual) return true;
  }
  const meet =
    Math.min(slices.length, others.length) > 1 &&
    (near(places[0], positions.at(-1)) || near(places.at(-1), positions[0]));
  return shared > (meet ? 1 : 0);
}

/** Whether slices lie at even distances, so that there is no sign of a second stack among them. */
function isRegular(stack: readonly Placed[]): boolean {
  const gaps = gapsOf(stack.map(([position]) => position));
  const usual = median(gaps);
  return gaps.every((gap) => Math.abs(gap - usual) <= unevenShare * usual);
}

/** The group that annotations name; where they name none, the only one of ORIGINAL images; undefined where that is unclear. */
function bestOf(
  groups: readonly Group[],
  named: ReadonlySet<string>,
): { readonly best: Group | undefined; readonly annotated: boolean } {
  const annotated = groups.filter(({ stack }) =>
    stack.some(([, { sopUid }]) => named.has(sopUid)),
  );
  if (annotated.length > 0) return { best: only(annotated), annotated: true };
  const originals = groups.filter(({ stack }) =>
    stack.every(([, slice]) => isOriginal(slice)),
  );
  return { best: only(originals), annotated: false };
}

function only<T>(items: readonly T[]): T | undefined {
  return items.length === 1 ? items[0] : undefined;
}

function describe(group: Group): string {
  const [first = '', more] = filesOf(group);
  const count = group.stack.length;
  return `${count} slice${count === 1 ? '' : 's'} (${first}${more === undefined ? '' : ' …'}) of "${group.value}"`;
}

function filesOf({ stack }: Group): readonly string[] {
  return stack.map(([, { file }]) => file);
}
