import { Worker } from 'node:worker_threads';

/** What the thread runs: a text, because its file would have one name in the sources and another in the package. */
const digesting = `
const { createHash } = require('node:crypto');
const { createReadStream } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
const hash = createHash('sha256');
(async () => {
  for (const path of workerData) {
    for await (const part of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(part);
  }
  parentPort.postMessage(hash.digest('hex'));
})();
`;

/** The SHA-256 of files, one after the other, hexadecimal, computed in a thread beside the one that goes on to load the file. */
export function fileDigest(paths: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    new Worker(digesting, { eval: true, execArgv: [], workerData: paths })
      .once('message', (digest: string) => {
        resolve(digest);
      })
      .once('error', reject)
      .once('exit', (code) => {
        // After an answer this changes nothing.
        reject(
          new Error(`the digest of ${paths.join(', ')} ended with ${code}`),
        );
      });
  });
}
