import { TraceError } from '../errors.js';
import { userFrame } from './user-frame.js';

/** What gives another answer every time it is asked: where it is kept, and the name that a program knows it under. */
const sources: readonly {
  readonly name: string;
  readonly owner: object;
  readonly key: string;
}[] = [
  { name: 'Math.random()', owner: Math, key: 'random' },
  { name: 'crypto.getRandomValues()', owner: crypto, key: 'getRandomValues' },
  { name: 'crypto.randomUUID()', owner: crypto, key: 'randomUUID' },
  { name: 'Date.now()', owner: Date, key: 'now' },
  { name: 'performance.now()', owner: performance, key: 'now' },
];

const advice =
  'a traced function runs once, and what it drew would be the same in every run; draw outside (for example with RandomStream) and pass the numbers as an input';

/**
 * Runs a function that must be pure: whatever asks for chance or for the time is refused. tfjs's operations draw through
 * `Math.random()`, unless they are given a seed: those give the same numbers every time, and are let through.
 *
 * @throws {@link TraceError} with the operation and the line that asked
 */
export function refuseChance<T>(functionName: string, run: () => T): T {
  const kept = sources.map(({ owner, key }) =>
    Object.getOwnPropertyDescriptor(owner, key),
  );
  for (const { name, owner, key } of sources) {
    Object.defineProperty(owner, key, {
      configurable: true,
      writable: true,
      value: () => {
        const { operation, place } = userFrame(new Error().stack);
        throw new TraceError(
          `${functionName} depends on ${operation === undefined ? name : `${operation}, which draws from ${name},`}${place === undefined ? '' : ` at ${place}`}: ${advice}`,
        );
      },
    });
  }
  try {
    return run();
  } finally {
    sources.forEach(({ owner, key }, i) => {
      const descriptor = kept[i];
      if (descriptor === undefined) Reflect.deleteProperty(owner, key);
      else Object.defineProperty(owner, key, descriptor);
    });
  }
}
