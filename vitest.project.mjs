import { defineConfig } from 'vitest/config';

/** What all tests share: workspace packages resolve to their sources. */
const conditions = ['@clip-lung/source', 'module', 'node', 'import', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    environment: 'node',
    include: ['src/**/*.spec.ts'],
    testTimeout: 60_000,
    // A worker loads tfjs, onnxruntime and the packages once for all its files; so a file leaves nothing behind that another
    // would meet.
    isolate: false,
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
  },
});
