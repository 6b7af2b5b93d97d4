import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

import shared from './vitest.project.mjs';

/** Short to read and long to run: begun first, so that none of them is left for one worker alone at the end. */
const long = [
  'data/src/node/real-files.spec.ts',
  'engine/src/conformance.spec.ts',
  'model/src/pytorch.spec.ts',
];

class LongFirst extends BaseSequencer {
  override async sort(
    files: TestSpecification[],
  ): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean =>
      long.some((path) => moduleId.endsWith(path));
    const sorted = await super.sort(files);
    return [
      ...sorted.filter(isLong),
      ...sorted.filter((file) => !isLong(file)),
    ];
  }
}

export default defineConfig({
  test: {
    // All packages are one project, so that a worker goes from package to package with what it has loaded.
    projects: [
      {
        ...shared,
        test: {
          name: 'packages',
          ...shared.test,
          include: ['{packages,apps}/*/src/**/*.spec.ts'],
        },
      },
    ],
    // Vitest would leave one core to itself.
    maxWorkers: '100%',
    sequence: { sequencer: LongFirst },
  },
});
