import { defineConfig } from 'vitest/config';

/** What every package's tests share: workspace packages resolve to their sources. */
const conditions = ['@clip-lung/source', 'module', 'node', 'import', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    environment: 'node',
    include: ['src/**/*.spec.ts'],
    testTimeout: 60_000,
  },
});
