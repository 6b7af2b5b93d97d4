import { type EngineFinding, surveyEngines } from '@clip-lung/engine';
import { availableParallelism, cpus, totalmem } from 'node:os';

import { type AddCommand, screenOf } from '../command.js';
import { software } from '../software.js';

export const addDoctor: AddCommand = (program, surroundings) => {
  program
    .command('doctor')
    .description('show what this machine can run, and how fast')
    .option('--json', 'print one JSON object')
    .action(async (options: { readonly json?: boolean }) => {
      const screen = screenOf(surroundings, options);
      const versions = software();
      const found = {
        ...versions,
        processor: cpus()[0]?.model.trim() ?? 'unknown',
        threads: availableParallelism(),
        memoryGb: Math.round(totalmem() / 2 ** 30),
        engines: await surveyEngines(),
      };
      screen.result(
        [
          `clip-lung ${versions['clip-lung']}, Node ${versions.node}, ${versions.platform}`,
          `${found.processor}, ${found.threads} threads, ${found.memoryGb} GB`,
          ...found.engines.map(describe),
        ],
        found,
      );
    });
};

function describe(finding: EngineFinding): string {
  const start = `engine ${finding.name}: ${finding.device}`;
  if (!finding.available) return `${start}: not available; ${finding.reason}`;
  const { side, matMulMs, gflops } = finding;
  const speed = gflops < 10 ? gflops.toFixed(1) : gflops.toFixed(0);
  return `${start}: multiplying two ${side}×${side} matrices takes ${matMulMs.toFixed(1)} ms (${speed} GFLOP/s)`;
}
