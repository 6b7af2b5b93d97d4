/** A weight that is missing (-), unknown (+), or of another shape or type (!). */
export interface NameDifference {
  readonly sign: '-' | '+' | '!';
  readonly name: string;
  /** its shape, or what is wrong with it */
  readonly detail: string;
}

/** More lines than this nobody reads. */
const shownLines = 12;

interface Line {
  readonly sign: string;
  readonly text: string;
  /** names that the line stands for */
  readonly names: number;
}

/**
 * What differs, on at most twelve lines: one a name where that is enough, else one for the same weight of several layers, else
 * one for all weights of several layers; what is beyond is counted. Each sign has its share of the lines.
 */
export function listDifferences(
  differences: readonly NameDifference[],
): readonly string[] {
  for (const grouped of [single, byWeight, byLayers]) {
    const lines = grouped(differences);
    if (lines.length <= shownLines) return lines.map(({ text }) => text);
  }
  const lines = byLayers(differences);
  const shown = fairShare(lines, shownLines - 1);
  const rest = lines
    .filter((line) => !shown.includes(line))
    .reduce((sum, { names }) => sum + names, 0);
  return [...shown.map(({ text }) => text), `… and ${rest} more`];
}

function single(differences: readonly NameDifference[]): readonly Line[] {
  return differences.map(({ sign, name, detail }) => ({
    sign,
    text: `${sign} ${printable(name)} ${detail}`,
    names: 1,
  }));
}

/** `layers.3.mlp.fc1.bias` in two: which layer, and which weight of it. */
const layered =
  /^(.*?\b(?:layers|layer|resblocks|block|blocks|h)\.)(\d+)\.(.+)$/;

function byWeight(differences: readonly NameDifference[]): readonly Line[] {
  return grouped(
    differences,
    ({ sign, name, detail }) => {
      const [, stem = '', , weight = ''] = layered.exec(name) ?? [];
      return stem === '' ? undefined : [sign, stem, weight, detail].join('\0');
    },
    ({ sign, name, detail }, layers) => {
      const [, stem = '', , weight = ''] = layered.exec(name) ?? [];
      return `${sign} ${printable(`${stem}*.${weight}`)} ${detail}, of ${spanOf(layers)}`;
    },
  );
}

function byLayers(differences: readonly NameDifference[]): readonly Line[] {
  return grouped(
    differences,
    ({ sign, name }) => {
      const stem = layered.exec(name)?.[1];
      return stem === undefined ? undefined : [sign, stem].join('\0');
    },
    ({ sign, name, detail }, layers, count) => {
      const [, stem = '', , weight = ''] = layered.exec(name) ?? [];
      return `${sign} ${printable(stem)}*: ${count} weights of ${spanOf(layers)}, such as ${printable(weight)} ${detail}`;
    },
  );
}

/** One line for those of a key; what has none has a line of its own. The lines stand where their first name did. */
function grouped(
  differences: readonly NameDifference[],
  keyOf: (difference: NameDifference) => string | undefined,
  textOf: (
    first: NameDifference,
    layers: readonly number[],
    count: number,
  ) => string,
): readonly Line[] {
  const groups = new Map<string, NameDifference[]>();
  for (const [at, difference] of differences.entries()) {
    const key = keyOf(difference) ?? `\0${at}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [difference]);
    else group.push(difference);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined || group.length === 1) return single(group);
    const layers = group.map(({ name }) => Number(layered.exec(name)?.[2]));
    return {
      sign: first.sign,
      text: textOf(first, [...new Set(layers)], group.length),
      names: group.length,
    };
  });
}

function spanOf(layers: readonly number[]): string {
  const [least, most] = [Math.min(...layers), Math.max(...layers)];
  if (layers.length === 1) return `layer ${least}`;
  return layers.length === most - least + 1
    ? `layers ${least} to ${most}`
    : `${layers.length} layers from ${least} to ${most}`;
}

/** The first lines of each sign in turn, in their order. */
function fairShare(lines: readonly Line[], count: number): readonly Line[] {
  const bySign = ['-', '!', '+'].map((sign) =>
    lines.filter((line) => line.sign === sign),
  );
  const longest = Math.max(...bySign.map((own) => own.length));
  const chosen = Array.from({ length: longest }, (_, i) =>
    bySign.flatMap((own) => own.slice(i, i + 1)),
  )
    .flat()
    .slice(0, count);
  return lines.filter((line) => chosen.includes(line));
}

/** A name out of a file may hold anything, line breaks among it. */
function printable(name: string): string {
  return name.replace(/\p{Cc}/gu, '?');
}
