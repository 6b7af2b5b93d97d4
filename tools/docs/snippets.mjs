// Checks the types of the TypeScript in every README of a package: its blocks, one after another, as one module beside it.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import ts from 'typescript';

const root = resolve(import.meta.dirname, '../..');
const snippets = new Map(
  ['packages', 'apps'].flatMap((kind) =>
    readdirSync(join(root, kind)).flatMap((folder) => {
      const readme = join(root, kind, folder, 'README.md');
      const blocks = [
        ...readFileSync(readme, 'utf8').matchAll(/^```ts\n(.*?)^```$/gms),
      ].map(([, code]) => code);
      return blocks.length === 0
        ? []
        : [[join(root, kind, folder, 'README.snippet.ts'), blocks.join('\n')]];
    }),
  ),
);

const { config } = ts.readConfigFile(
  join(root, 'tsconfig.base.json'),
  ts.sys.readFile,
);
const { options } = ts.convertCompilerOptionsFromJson(
  config.compilerOptions,
  root,
);
const host = ts.createCompilerHost(options);
const { fileExists, readFile, getSourceFile } = host;
host.fileExists = (path) => snippets.has(path) || fileExists(path);
host.readFile = (path) => snippets.get(path) ?? readFile(path);
host.getSourceFile = (path, language, ...rest) => {
  const code = snippets.get(path);
  return code === undefined
    ? getSourceFile(path, language, ...rest)
    : ts.createSourceFile(path, code, language, true);
};
const program = ts.createProgram({
  rootNames: [...snippets.keys()],
  options: {
    ...options,
    composite: false,
    emitDeclarationOnly: false,
    declarationMap: false,
    noEmit: true,
    noUnusedLocals: false,
  },
  host,
});
const problems = [...snippets.keys()].flatMap((path) => {
  const file = program.getSourceFile(path);
  return [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
  ];
});
if (problems.length > 0) {
  console.error(
    ts.formatDiagnostics(problems, {
      getCanonicalFileName: (name) => name,
      getCurrentDirectory: () => root,
      getNewLine: () => '\n',
    }),
  );
  process.exitCode = 1;
}
console.log(
  `the snippets of ${snippets.size} READMEs, ${problems.length} errors`,
);
