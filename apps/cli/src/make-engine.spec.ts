import { availableDevices, EngineUnavailableError } from '@clip-lung/engine';
import { describe, expect, it } from 'vitest';

import { UsageError } from './exit-codes.js';
import { makeEngine } from './make-engine.js';

describe('makeEngine', () => {
  it('makes the engine that is named, on the CPU unless told otherwise', async () => {
    for (const name of ['onnx', 'cpu'] as const) {
      const engine = makeEngine(name);
      expect(engine.name).toBe(name);
      expect(engine.device).toMatch(/^cpu, /);
      await engine.dispose();
      expect(makeEngine(name, { device: 'cpu' }).device).toBe(engine.device);
    }
  });

  it.each([
    ['cpu', 'cuda'],
    ['cpu', 'webgpu'],
    ['tensorflow', 'webgpu'],
  ] as const)('refuses the engine %s on %s as wrong use', (name, device) => {
    expect(() => makeEngine(name, { device })).toThrow(UsageError);
    expect(() => makeEngine(name, { device })).toThrow(`--device ${device}`);
  });

  it.each(availableDevices().filter(({ available }) => !available))(
    'says why ONNX Runtime has no $device',
    ({ device }) => {
      expect(() => makeEngine('onnx', { device })).toThrow(
        EngineUnavailableError,
      );
    },
  );

  it.skipIf(process.env['CLIP_LUNG_TFJS_NODE'] !== undefined)(
    'says what to install for TensorFlow',
    () => {
      expect(() => makeEngine('tensorflow')).toThrow(EngineUnavailableError);
      expect(() => makeEngine('tensorflow')).toThrow(/npm install/);
    },
  );

  it('chooses threads for ONNX Runtime only', async () => {
    const engine = makeEngine('onnx', { threads: 1 });
    expect(engine.device).toBe('cpu, 1 thread');
    await engine.dispose();
    expect(() => makeEngine('cpu', { threads: 1 })).toThrow('--threads 1');
  });
});
