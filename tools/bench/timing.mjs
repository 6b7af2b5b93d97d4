/** The median of numbers. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** Milliseconds that a call takes, `repeats` times after `warmup` calls that do not count. */
export async function timeCalls(call, { repeats = 10, warmup = 2 } = {}) {
  for (let i = 0; i < warmup; i++) await call();
  const times = [];
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
  }
  return times;
}

/**
 * Times peers by turns, so that whatever else the machine does falls on all of them alike.
 *
 * @param peers calls by name
 * @returns the median milliseconds of each, by name
 */
export async function timeByTurns(peers, { rounds = 5, warmup = 1 } = {}) {
  const times = Object.fromEntries(
    Object.keys(peers).map((name) => [name, []]),
  );
  for (let round = -warmup; round < rounds; round++) {
    for (const [name, call] of Object.entries(peers)) {
      const start = performance.now();
      await call();
      if (round >= 0) times[name].push(performance.now() - start);
    }
  }
  return Object.fromEntries(
    Object.entries(times).map(([name, list]) => [name, median(list)]),
  );
}
