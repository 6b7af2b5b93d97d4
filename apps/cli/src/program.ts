import { fileURLToPath } from 'node:url';

/** This command, as a process of its own starts it. */
export const program = [
  process.execPath,
  fileURLToPath(new URL('../bin/clip-lung.js', import.meta.url)),
];
