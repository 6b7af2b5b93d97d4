import { Worker } from 'node:worker_threads';

/** What the thread runs: a text, because its file would have one name in the sources and another in the package. */
const digesting = `
const { createHash } = require('node:crypto');
const { createReadStream } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
const hash = createHash('sha256');
createReadStream(workerData, { highWaterMark: 2 ** 20 })
  .on('data', (part) => hash.update(part))
  .on('end', () => parentPort.postMessage(hash.digest('hex')))
  .on('error', (error) => { throw error; });
`;

/** The SHA-256 of a file, hexadecimal, computed in a thread beside the one that goes on to load the file. */
export function fileDigest(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    new Worker(digesting, { eval: true, execArgv: [], workerData: path })
      .once('message', (digest: string) => {
        resolve(digest);
      })
      .once('error', reject)
      .once('exit', (code) => {
        // After an answer this changes nothing.
        reject(new Error(`the digest of ${path} ended with ${code}`));
      });
  });
}
