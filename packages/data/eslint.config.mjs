import base from '../../eslint.config.mjs';

export default [
  ...base,
  {
    files: ['**/package.json'],
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
          ignoredDependencies: ['csv-parse', 'csv-stringify'],
        },
      ],
    },
  },
];
