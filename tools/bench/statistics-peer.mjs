// Every figure of a study with its BCa interval, and a comparison of two methods over three seeds: prints the seconds of each.
import {
  bootstrap,
  calibrationInTheLargeMetric,
  calibrationInterceptMetric,
  calibrationSlopeMetric,
  expectedCostMetric,
  metricFigure,
  netBenefitMetric,
  pairedDifference,
  reportMetrics,
  sensitivityAtSpecificityMetric,
  specificityAtSensitivityMetric,
} from '@clip-lung/metrics';
import { RandomStream } from '@clip-lung/tensor';

import { studyCases } from './statistics-cases.mjs';

const positiveClass = 2;
const metrics = [
  ...reportMetrics.filter(({ noInterval }) => noInterval === undefined),
  expectedCostMetric([
    [0, 1, 2],
    [1, 0, 1],
    [5, 2, 0],
  ]),
  sensitivityAtSpecificityMetric({ positiveClass, at: 0.9 }),
  specificityAtSensitivityMetric({ positiveClass, at: 0.9 }),
  netBenefitMetric({ positiveClass, threshold: 0.2 }),
  calibrationInTheLargeMetric(positiveClass),
  calibrationInterceptMetric(positiveClass),
  calibrationSlopeMetric(positiveClass),
];
const { cases, patients } = studyCases(1);

async function seconds(run) {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}

const figures = {};
for (const metric of metrics) {
  figures[metric.name] = await seconds(() => {
    const random = new RandomStream(1, 'bench', 'draws');
    return bootstrap(metricFigure(metric, cases, patients), {
      random: () => random.uniform(),
      method: 'bca',
    });
  });
}
const a = [1, 2, 3].map(studyCases);
const b = [4, 5, 6].map(studyCases);
const differences = {};
for (const name of ['accuracy', 'macroF1', 'auc']) {
  const metric = reportMetrics.find((one) => one.name === name);
  differences[name] = await seconds(() => pairedDifference({ metric, a, b }));
}
console.log(JSON.stringify({ figures, differences }));
