import { cpuBackend } from './cpu-backend.js';
import type { Engine } from './engine.js';
import { plainEngine } from './plain/plain-engine.js';

/** Plain tfjs in JavaScript: slow, and for small references only. */
export function cpuEngine(): Engine {
  cpuBackend();
  return plainEngine({
    name: 'cpu',
    device: 'cpu, plain JavaScript',
    backend: 'cpu',
  });
}
