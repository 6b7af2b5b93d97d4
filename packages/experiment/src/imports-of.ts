import { createJiti } from 'jiti';

/** What of Babel's syntax tree is looked at. */
interface Node {
  readonly type: string;
  readonly name?: string;
  readonly value?: unknown;
  /** of an export: `type` where nothing is left of it when it runs */
  readonly exportKind?: string;
  readonly source?: Node | null;
  readonly callee?: Node;
  readonly arguments?: readonly Node[];
  /** of `import x = require('…')` */
  readonly moduleReference?: Node;
  readonly expression?: Node;
  /** of a template without expressions */
  readonly expressions?: readonly Node[];
  readonly quasis?: readonly { readonly value: { readonly cooked?: string } }[];
}

type Visit = (path: { readonly node: Node }) => void;

/** The program, before other visitors have rewritten its imports. */
interface Program {
  traverse(visitor: Readonly<Record<string, Visit>>): void;
}

// What a file imports must be read again though its code is in the loader's cache.
const jiti = createJiti(import.meta.url, { fsCache: false });

/**
 * What a TypeScript or JavaScript module imports when it runs, as it spells it: `import` and `export … from`, `import('…')`
 * and `require('…')` of a literal, in the order of the text. Imports of types alone are none. Read by the parser, and with
 * the rules for types, that files are loaded by.
 *
 * @param file its name, which says whether it is TypeScript
 * @throws `SyntaxError` for a source that is no module
 */
export function importsOf(file: string, source: string): readonly string[] {
  const found = new Set<string>();
  const add = (node: Node | null | undefined): void => {
    const text = node && literal(node);
    if (typeof text === 'string') found.add(text);
  };
  const from: Visit = ({ node }) => {
    if (node.exportKind !== 'type') add(node.source);
  };
  const visitor: Readonly<Record<string, Visit>> = {
    ImportDeclaration: from,
    ExportNamedDeclaration: from,
    ExportAllDeclaration: from,
    TSImportEqualsDeclaration: ({ node }) => {
      add(node.moduleReference?.expression);
    },
    CallExpression: ({ node: { callee, arguments: given } }) => {
      const imports =
        callee?.type === 'Import' ||
        (callee?.type === 'Identifier' && callee.name === 'require');
      if (imports) add(given?.[0]);
    },
  };
  const collect = () => ({
    visitor: {
      Program: (program: Program) => {
        program.traverse(visitor);
      },
    },
  });
  const code = jiti.transform({
    source,
    filename: file,
    ts: /\.[cm]?tsx?$/.test(file),
    async: true,
    babel: { plugins: [collect] },
  });
  const failure = /^exports\.__JITI_ERROR__ = (.*)$/s.exec(code)?.[1];
  if (failure !== undefined) throw syntaxError(file, failure);
  return [...found];
}

function literal(node: Node): unknown {
  if (node.type !== 'TemplateLiteral') return node.value;
  return node.expressions?.length === 0
    ? node.quasis?.[0]?.value.cooked
    : undefined;
}

/** What the loader makes of a source that it cannot read: JSON that says why, and where. */
function syntaxError(file: string, failure: string): SyntaxError {
  const { message, line } = JSON.parse(failure) as {
    readonly message: string;
    readonly line: number;
  };
  return new SyntaxError(`${message} (${file}:${line})`);
}
