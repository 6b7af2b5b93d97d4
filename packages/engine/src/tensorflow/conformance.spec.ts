import { describe, it } from 'vitest';

import { conformance } from '../../test/conformance/suite.js';
import { tensorflowEngine } from './tensorflow-engine.js';

if (process.env['CLIP_LUNG_TFJS_NODE'] === undefined) {
  describe('tensorflow against tfjs-cpu', () => {
    it.skip('CLIP_LUNG_TFJS_NODE is not set: tools/tensorflow/build-tfjs-node.sh says how', () =>
      undefined);
  });
} else {
  conformance(tensorflowEngine());
}
