import * as tf from '@tensorflow/tfjs-core';

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

/** The operations of tfjs that draw; `tf.dropout` and the initialisers of layers call these. */
const draws: ReadonlySet<string> = new Set([
  'multinomial',
  'rand',
  'randomGamma',
  'randomNormal',
  'randomStandardNormal',
  'randomUniform',
  'randomUniformInt',
  'truncatedNormal',
]);

const advice =
  'draw outside (for example with RandomStream) and pass the numbers as an input';

/**
 * Runs a function that must be pure: whatever asks for chance or for the time is refused. So is an operation that is given
 * a seed: it would draw the same numbers in every run.
 *
 * @throws {@link TraceError} with the operation and the line that asked
 */
export function refuseChance<T>(functionName: string, run: () => T): T {
  const refuse = (problem: string): never => {
    throw new TraceError(`${functionName} depends on ${problem}: ${advice}`);
  };
  const replaced = [
    ...sources.map(({ name, owner, key }) => ({
      owner,
      key,
      value: () => {
        const { operation, place } = userFrame(new Error().stack);
        const what =
          operation === undefined
            ? name
            : `${operation}, which draws from ${name},`;
        return refuse(
          `${what}${at(place)}, and what it gave once would be the same in every run of a traced function`,
        );
      },
    })),
    scopes((operation) => {
      const frame = userFrame(new Error().stack);
      return refuse(
        `${frame.operation ?? operation}${at(frame.place)}, which draws random numbers: with a seed or without, they would be the same in every run of a traced function`,
      );
    }),
  ];
  const kept = replaced.map(({ owner, key }) =>
    Object.getOwnPropertyDescriptor(owner, key),
  );
  for (const { owner, key, value } of replaced) {
    Object.defineProperty(owner, key, {
      configurable: true,
      writable: true,
      value,
    });
  }
  try {
    return run();
  } finally {
    replaced.forEach(({ owner, key }, i) => {
      const descriptor = kept[i];
      if (descriptor === undefined) Reflect.deleteProperty(owner, key);
      else Object.defineProperty(owner, key, descriptor);
    });
  }
}

const at = (place: string | undefined): string =>
  place === undefined ? '' : ` at ${place}`;

/** tfjs opens a scope for every operation, by the operation's name: the one place that sees a draw that is seeded. */
function scopes(refuse: (operation: string) => never) {
  const engine = tf.engine();
  const startScope = engine.startScope.bind(engine);
  return {
    owner: engine,
    key: 'startScope',
    value: (name?: string) => {
      const operation = name?.replace(/__op$/, '');
      if (operation !== undefined && draws.has(operation)) {
        refuse(`tf.${operation}`);
      }
      startScope(name);
    },
  };
}
