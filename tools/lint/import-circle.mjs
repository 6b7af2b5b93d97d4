// Refuses files that import each other in a circle, types included: what stands in a circle can only be understood, and moved,
// as one. Between packages Nx holds the direction; within one, this does.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';

import ts from 'typescript';

/** Of files that are read, which others they import; for as long as the process lints. @type {Map<string, readonly string[]>} */
const known = new Map();

/** The files that a file imports by relative paths. @param {string} file its absolute path */
function importsOf(file) {
  const found =
    known.get(file) ??
    ts
      .preProcessFile(readFileSync(file, 'utf8'), true, true)
      .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
      .map(({ fileName }) =>
        resolve(dirname(file), fileName.replace(/\.js$/, '.ts')),
      )
      .filter((imported) => imported.endsWith('.ts') && existsSync(imported));
  known.set(file, found);
  return found;
}

/**
 * The shortest way along imports from a file back to itself.
 *
 * @param {string} file
 * @returns {readonly string[] | undefined}
 */
function circleThrough(file) {
  const seen = new Set();
  let ways = [[file]];
  while (ways.length > 0) {
    const longer = [];
    for (const way of ways) {
      for (const next of importsOf(way.at(-1) ?? file)) {
        if (next === file) return [...way, next];
        if (seen.has(next)) continue;
        seen.add(next);
        longer.push([...way, next]);
      }
    }
    ways = longer;
  }
  return undefined;
}

/** @type {import('eslint').Rule.RuleModule} */
export const importCircle = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      circle: 'imports itself: {{way}}; move what both need to a file below',
    },
  },
  create: (context) => ({
    Program(node) {
      const circle = circleThrough(context.filename);
      if (circle === undefined) return;
      const folder = dirname(context.filename);
      const way = circle.map((file) => relative(folder, file)).join(' → ');
      context.report({ node, messageId: 'circle', data: { way } });
    },
  }),
};
