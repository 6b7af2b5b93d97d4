// Evaluates a run in this process, and prints what it took: node evaluate-peer.mjs <run>
import { evaluateRun } from '@clip-lung/evaluator';

const [folder = ''] = process.argv.slice(2);
const start = performance.now();
const { accuracy, auc, brier, ece, macroF1, interval } =
  await evaluateRun(folder);
console.log(
  JSON.stringify({
    seconds: (performance.now() - start) / 1000,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
    figures: { accuracy, auc, brier, ece, macroF1 },
    interval: interval.byPatient,
  }),
);
