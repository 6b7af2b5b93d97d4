// The API reference, `npm run api`: every package's entries, each a module with its README, as web pages in out-tsc/api.
//
// typedoc's own strategy for packages makes a TypeScript program of each, which reads the types of tfjs and zod again every
// time. Here one program has all entries: that takes a quarter of the time, and links between packages are resolved. A
// warning fails the command, as an error does. Types are not checked: `tsc -b` does that.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import {
  Application,
  Converter,
  MinimalSourceFile,
  normalizePath,
  TSConfigReader,
  TypeDocReader,
} from 'typedoc';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '../..');
const entries = ['packages', 'apps'].flatMap((kind) =>
  readdirSync(join(root, kind)).flatMap((folder) => {
    const { name, exports } = JSON.parse(
      readFileSync(join(root, kind, folder, 'package.json'), 'utf8'),
    );
    return Object.entries(exports)
      .filter(([entry]) => entry !== './package.json')
      .map(([entry, conditions]) => ({
        name: name + entry.slice(1),
        file: join(root, kind, folder, conditions['@clip-lung/source']),
        readme: entry === '.' ? join(root, kind, folder, 'README.md') : null,
      }));
  }),
);

const app = await Application.bootstrap({}, [
  new TypeDocReader(),
  new TSConfigReader(),
]);
const program = ts.createProgram({
  rootNames: entries.map(({ file }) => file),
  options: app.options.getCompilerOptions(app.logger),
});

app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  for (const { name, readme } of entries) {
    if (readme === null) continue;
    const module = project.getChildByName([name]);
    const path = normalizePath(readme);
    module.readme = app.converter.parseRawComment(
      new MinimalSourceFile(readFileSync(readme, 'utf8'), path),
      project.files,
    ).content;
    project.files.registerReflectionPath(path, module);
    project.files.registerReflectionPath(dirname(path), module);
  }
});

// A docstring may name what an entry exports without importing it, such as the errors of what it calls.
app.converter.addUnknownSymbolResolver(({ symbolReference }, from) => {
  const [{ path: name } = {}, ...further] = symbolReference?.path ?? [];
  if (name === undefined || further.length > 0) return undefined;
  const found = new Set(
    from.project.children?.flatMap((module) => {
      const child = module.getChildByName([name]);
      if (child === undefined) return [];
      return [child.isReference() ? child.getTargetReflectionDeep() : child];
    }),
  );
  const [only] = found;
  return found.size === 1 ? { target: only } : undefined;
});

const project = app.converter.convert(
  entries.map(({ name, file }) => {
    const sourceFile = program.getSourceFile(file);
    if (sourceFile === undefined) throw new Error(`${file}: is not there`);
    return { displayName: name, program, sourceFile };
  }),
);
app.validate(project);
await app.generateOutputs(project);
const { errorCount, warningCount } = app.logger;
console.log(
  `${entries.length} modules, ${errorCount} errors, ${warningCount} warnings`,
);
process.exitCode = errorCount + warningCount === 0 ? 0 : 1;
