import { describe, expect, it } from 'vitest';

import { userFrame, withDeepStacks } from './user-frame.js';

const engine = new URL('trace.js', import.meta.url).href;

function stack(...frames: string[]): string {
  return ['Error: something', ...frames.map((frame) => `    at ${frame}`)].join(
    '\n',
  );
}

describe('the frame of the user', () => {
  it('is the first one outside dependencies, Node and this package', () => {
    expect(
      userFrame(
        stack(
          'Engine.runKernel (/a/node_modules/@tensorflow/tfjs-core/dist/engine.js:1:2)',
          'node:internal/timers:1:2',
          `explained (${engine}:3:4)`,
          'model (file:///home/someone/my%20model.mjs:12:5)',
          'main (/home/someone/main.mjs:1:1)',
        ),
      ),
    ).toEqual({ place: '/home/someone/my model.mjs:12:5' });
  });

  it('has no function where a module is run itself', () => {
    expect(userFrame(stack('file:///home/someone/main.mjs:7:1'))).toEqual({
      place: '/home/someone/main.mjs:7:1',
    });
  });

  it('names the operation that the program called, not what that calls', () => {
    const tfjs = '/a/node_modules/@tensorflow/tfjs-core/dist/tf-core.node.js';
    expect(
      userFrame(
        stack(
          `Object.conv2d__op (${tfjs}:1:2)`,
          `Object.separableConv2d__op [as separableConv2d] (${tfjs}:3:4)`,
          'async block (/home/someone/main.ts:12:5)',
        ),
      ),
    ).toEqual({
      operation: 'tf.separableConv2d',
      place: '/home/someone/main.ts:12:5',
    });
  });

  it('may not be there', () => {
    expect(userFrame(undefined)).toEqual({});
    expect(userFrame(stack('<anonymous>', `trace (${engine}:1:1)`))).toEqual(
      {},
    );
  });
});

it('deep stacks show the caller below many frames, and end with the function', () => {
  const before = Error.stackTraceLimit;
  const down = (depth: number): string =>
    depth === 0 ? (new Error().stack ?? '') : down(depth - 1);
  expect(withDeepStacks(() => down(60)).split('\n').length).toBeGreaterThan(60);
  expect(Error.stackTraceLimit).toBe(before);
});
