// Peers of a benchmark that stay up, each in a process of its own, so that its memory is its own, and take turns: they
// answer every line on standard input with a line of JSON.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * Starts a peer: a script beside this one, or one of tools/reference in Python.
 *
 * @returns what it said of itself when it was ready, and `ask`, which sends a line and gives the answer
 */
export async function startPeer(script, args, python) {
  const path = fileURLToPath(
    new URL(
      python === undefined ? script : `../reference/${script}`,
      import.meta.url,
    ),
  );
  const child = spawn(python ?? process.execPath, [path, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const failed = new Promise((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`${script} ${args[0]} ended with ${code}`)),
    );
  });
  failed.catch(() => {});
  const lines = createInterface({ input: child.stdout })[
    Symbol.asyncIterator
  ]();
  const answer = async () => {
    const { value, done } = await Promise.race([lines.next(), failed]);
    return done ? failed : JSON.parse(value);
  };
  return {
    about: await answer(),
    ask(line) {
      child.stdin.write(`${line}\n`);
      return answer();
    },
    async end() {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.stdin.end();
      await ended;
    },
  };
}

/** Asks all peers by turns, so that whatever else the machine does falls on all alike. The first round does not count. */
export async function askByTurns(peers, line, rounds) {
  const answers = new Map([...peers.keys()].map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, peer] of peers) {
      const answer = await peer.ask(line(name));
      if (round > 0) answers.get(name).push(answer);
    }
  }
  return answers;
}
