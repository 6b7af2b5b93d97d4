import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import * as jsonc from 'jsonc-eslint-parser';
import tseslint from 'typescript-eslint';

import { importCircle } from './tools/lint/import-circle.mjs';

/** Imports run downwards only: each layer may use the layers below it, never its own. */
const layers = [
  'tensor',
  'metrics',
  'base',
  'part',
  'prompt',
  'model',
  'experiment',
  'inference',
  'explain',
  'app',
  'ablation',
  'report',
  'cli',
];

/** Whether a file's package has a tag. @param {string} file its absolute path */
function isTagged(file, tag) {
  const folder = dirname(file);
  const json = join(folder, 'package.json');
  if (!existsSync(json)) return folder !== file && isTagged(folder, tag);
  return (
    JSON.parse(readFileSync(json, 'utf8')).nx?.tags?.includes(tag) === true
  );
}

export default tseslint.config(
  { ignores: ['**/dist', '**/out-tsc', '**/coverage', '**/*_pb.ts'] },
  {
    plugins: {
      '@nx': nx,
      imports: { rules: { circle: importCircle } },
    },
  },
  ...tseslint.configs.strictTypeChecked.map((config) => ({
    ...config,
    files: ['**/*.ts'],
  })),
  {
    files: ['**/*.ts'],
    languageOptions: {
      parserOptions: {
        // One program: with one for every package, what they share is checked anew in each.
        project: 'tsconfig.lint.json',
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // What is left out of a copy is named, and not used.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { ignoreRestSiblings: true },
      ],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      'imports/circle': 'error',
      // It overflows the stack on tfjs's recursive tensor types.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: true,
          allow: [],
          depConstraints: [
            ...layers.map((layer, level) => ({
              sourceTag: `layer:${layer}`,
              onlyDependOnLibsWithTags: layers
                .slice(0, level)
                .map((below) => `layer:${below}`),
            })),
            { sourceTag: 'no-tfjs', bannedExternalImports: ['@tensorflow/*'] },
          ],
        },
      ],
    },
  },
  {
    // An entry of a package, which Nx sees as that package.
    files: [(file) => file.endsWith('.ts') && isTagged(file, 'no-tfjs')],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          name: '@clip-lung/tensor/tfjs',
          message: 'A package with the tag "no-tfjs" does without tfjs.',
        },
      ],
    },
  },
  {
    files: ['**/package.json'],
    languageOptions: { parser: jsonc },
    rules: {
      '@nx/dependency-checks': [
        'error',
        {
          ignoredFiles: [
            '{projectRoot}/eslint.config.mjs',
            '{projectRoot}/vitest.config.mts',
            '{projectRoot}/**/*.spec.ts',
            '{projectRoot}/test/**',
          ],
          // Imported as csv-parse/sync and csv-stringify/sync: their "exports" hide package.json from Nx.
          // tfjs-node is looked for at run time, and may be absent.
          ignoredDependencies: [
            'csv-parse',
            'csv-stringify',
            '@tensorflow/tfjs-node',
            '@tensorflow/tfjs-node-gpu',
          ],
        },
      ],
    },
  },
  prettier,
);
