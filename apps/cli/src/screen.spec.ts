import { Writable } from 'node:stream';

import { describe, expect, it } from 'vitest';

import { duration, estimate, Screen } from './screen.js';

class Text extends Writable {
  text = '';
  constructor(readonly isTTY = false) {
    super();
  }
  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

describe('the screen', () => {
  it('keeps standard output for the result', () => {
    const [out, err] = [new Text(), new Text()];
    const screen = new Screen({ out, err }, true);
    screen.note('reading');
    screen.progress({ stage: 'scans', done: 2, total: 2 });
    screen.result(['two scans'], { scans: 2 });
    expect(out.text).toBe('{"scans":2}\n');
    expect(err.text).toBe('reading\nscans 2/2\n');
  });

  it('overwrites its line on a terminal, and ends it before anything else is written', () => {
    const [out, err] = [new Text(), new Text(true)];
    const screen = new Screen({ out, err }, false);
    screen.progress({ stage: 'scans', done: 1, total: 3 });
    screen.progress({ stage: 'scans', done: 2, total: 3 });
    screen.note('odd');
    expect(err.text).toBe('\r\x1b[2Kscans 1/3\r\x1b[2Kscans 2/3\nodd\n');
  });

  it('is quiet between the first and the last line where there is no terminal', () => {
    const [out, err] = [new Text(), new Text()];
    const screen = new Screen({ out, err }, false, { quietFor: 60_000 });
    for (let done = 1; done <= 100; done++)
      screen.progress({ stage: 'scans', done, total: 100 });
    expect(err.text).toBe('scans 100/100\n');
  });
});

describe('the estimate', () => {
  it('takes the rest to go as fast as what is done', () => {
    expect(estimate(25, 100, 20_000)).toBe(', 1 min 0 s left');
    expect(estimate(1, 100, 500)).toBe('');
    expect(estimate(100, 100, 20_000)).toBe('');
  });

  it.each([
    [44_600, '45 s'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
  ])('%i ms is %s', (milliseconds, text) => {
    expect(duration(milliseconds)).toBe(text);
  });
});
