// Counts the nodules of the real annotation files under every rule, and writes the table of docs/data.md:
//
//   node tools/check/nodules-by-rule.mjs <folder of the XML files> [--check] [--brute-force]
//
// --check        fails where docs/data.md has another table, instead of writing it
// --brute-force  also groups every scan's annotations by the plain definition, and fails where that gives other nodules
//
// The packages have to be built. Without images the spacing of the slices is what the annotations' own positions say, and
// every nodule counts, also those that `prepare` would leave out for lack of slices.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import {
  clusterAnnotations,
  contourPoints,
  estimatedIndices,
  noduleRatings,
} from '../../packages/data/dist/index.js';
import {
  isXml,
  listFiles,
  readAnnotations,
} from '../../packages/data/dist/node/index.js';
import {
  labelOf,
  labels,
  labelStatistics,
  rules,
} from '../../packages/lidc/dist/index.js';

const docs = fileURLToPath(new URL('../../docs/data.md', import.meta.url));
const begin = '<!-- nodules by rule: tools/check/nodules-by-rule.mjs -->';
const end = '<!-- end of nodules by rule -->';
const args = process.argv.slice(2);
const [folder] = args.filter((arg) => !arg.startsWith('--'));
if (folder === undefined) {
  console.error(
    'usage: node tools/check/nodules-by-rule.mjs <folder of the XML files> [--check] [--brute-force]',
  );
  process.exit(2);
}

const started = performance.now();
const files = (await listFiles(folder)).filter(isXml);
const { scans } = await readAnnotations(files);
const nodules = [];
let differing = 0;
for (const { annotations, ...readings } of scans) {
  const { index, spacing } = estimatedIndices({ ...readings, annotations });
  const points = annotations.map((item) => contourPoints(item, index));
  const found = clusterAnnotations(points, spacing);
  if (args.includes('--brute-force')) {
    const plain = JSON.stringify(byDefinition(points, spacing));
    if (plain !== JSON.stringify(found)) {
      differing += 1;
      console.error(
        `${readings.file}: ${JSON.stringify(found)}, by definition ${plain}`,
      );
    }
  }
  for (const members of found.clusters) {
    nodules.push(noduleRatings(members.map((i) => annotations[i])));
  }
}
console.log(
  `${scans.length} scans, ${nodules.length} nodules, ${((performance.now() - started) / 1000).toFixed(1)} s, ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB at most${args.includes('--brute-force') ? `, ${differing} scans grouped otherwise by definition` : ''}`,
);

const text = await readFile(docs, 'utf8');
const [before, rest] = text.split(`${begin}\n`);
const [present, after] = rest?.split(end) ?? [];
if (after === undefined)
  throw new Error(`${docs}: lacks the lines "${begin}" and "${end}"`);
const table = `\n${rows().join('\n')}\n\n`;
if (args.includes('--check')) {
  console.log(table);
  if (present !== table) {
    console.error(`${docs}: has another table`);
    process.exitCode = 1;
  }
} else {
  await writeFile(docs, `${before}${begin}\n${table}${end}${after}`);
}
if (differing > 0) process.exitCode = 1;

/** The table, as the formatter of the project writes it. */
function rows() {
  const cells = [
    ['at least', 'class by', 'bounds', 'nodules', ...labels],
    ...[1, 2, 3, 4].flatMap((least) =>
      labelStatistics.flatMap((statistic) =>
        rules.map((rule) => row(least, statistic, rule)),
      ),
    ),
  ];
  const widths = cells[0].map((_, column) =>
    Math.max(...cells.map((line) => line[column].length)),
  );
  const isNumber = (column) => column > 2;
  const [head, ...body] = cells.map((line) =>
    line.map((cell, column) =>
      isNumber(column)
        ? cell.padStart(widths[column])
        : cell.padEnd(widths[column]),
    ),
  );
  const dashes = widths.map((width, column) =>
    isNumber(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  return [head, dashes, ...body].map((line) => `| ${line.join(' | ')} |`);
}

function row(least, statistic, rule) {
  const found = nodules
    .filter(({ readers }) => readers >= least)
    .map((nodule) => nodule.statistics('malignancy')?.[statistic])
    .filter((malignancy) => malignancy !== undefined)
    .map((malignancy) => labelOf(malignancy, rule));
  const counts = labels.map(
    (label) => found.filter((one) => one === label).length,
  );
  return [
    `${least} ${least === 1 ? 'reader' : 'readers'}`,
    statistic,
    rule === 'pylidc' ? 'exclusive' : 'inclusive',
    ...[found.length, ...counts].map((n) => n.toLocaleString('en')),
  ];
}

/** The definition: all pairs of points, and every tolerance anew. */
function byDefinition(points, start) {
  const distances = points.map((a, i) =>
    points.slice(0, i).map((b) => leastDistance(a, b)),
  );
  for (let tolerance = start; ; tolerance *= 0.9) {
    const clusters = connected(points.length, distances, tolerance);
    const resolved = clusters.every((members) => members.length <= 4);
    if (resolved || tolerance * 0.9 < 0.1) {
      return { clusters, tolerance, resolved };
    }
  }
}

function leastDistance(a, b) {
  let least = Infinity;
  for (let i = 0; i < a.length; i += 3) {
    for (let j = 0; j < b.length; j += 3) {
      const dx = a[i] - b[j];
      const dy = a[i + 1] - b[j + 1];
      const dz = a[i + 2] - b[j + 2];
      const squared = dx * dx + dy * dy + dz * dz;
      if (squared < least) least = squared;
    }
  }
  return Math.sqrt(least);
}

/** Grows each group from its first member until nothing more is near. */
function connected(count, distances, tolerance) {
  const near = (i, j) => distances[Math.max(i, j)][Math.min(i, j)] <= tolerance;
  const left = new Set(Array(count).keys());
  const groups = [];
  for (const first of left) {
    left.delete(first);
    const group = [first];
    for (const member of group) {
      for (const other of left) {
        if (!near(member, other)) continue;
        left.delete(other);
        group.push(other);
      }
    }
    groups.push(group.sort((a, b) => a - b));
  }
  return groups;
}
