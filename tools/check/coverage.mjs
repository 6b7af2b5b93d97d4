// How often each kind of interval holds the true figure, in simulated studies:
// node tools/check/coverage.mjs [--repeats=2000] [--patients=200] [--resamples=1000] [--only=<part of a name>] [--json]
// [--part=1/2], every second figure.
// Patients have one to four nodules, which resemble each other in label and in score. The true figure is that of one study of very
// many patients. Fails where a coverage of nominal 95 % is outside of 93 to 97 %. Figures that say that they can have no interval
// are left out.
import {
  bootstrap,
  calibrationInTheLargeMetric,
  calibrationSlopeMetric,
  clusteredProportion,
  confusionMatrix,
  delongAuc,
  delongTest,
  expectedCostMetric,
  measure,
  metricFigure,
  netBenefitMetric,
  oneVersusRest,
  pairedDifference,
  reportMetrics,
  sensitivityAtSpecificityMetric,
  specificityAtSensitivityMetric,
  wilsonInterval,
} from '@clip-lung/metrics';
import { RandomStream, softmax } from '@clip-lung/tensor';

const options = Object.fromEntries(
  process.argv.slice(2).map((arg) => arg.replace(/^--/, '').split('=')),
);
const repeats = Number(options.repeats ?? 2000);
const patients = Number(options.patients ?? 200);
const resamples = Number(options.resamples ?? 1000);
const only = options.only ?? '';
const [part, parts] = (options.part ?? '1/1').split('/').map(Number);
const positiveClass = 2;
const classes = ['benign', 'unsure', 'malignant'];

/** Two classifiers on the same nodules. @param most nodules a patient */
function study(random, count, most = 4) {
  const labels = [];
  const groups = [];
  const scores = [[], []];
  for (let p = 0; p < count; p++) {
    const propensity = random.normal();
    const shared = [0, 1].map(() => classes.map(() => random.normal(0, 0.7)));
    const nodules = 1 + random.integer(most);
    for (let i = 0; i < nodules; i++) {
      const latent = propensity + random.normal();
      const label = latent > 1.2 ? 2 : latent > 0.2 ? 1 : 0;
      labels.push(label);
      groups.push(`patient ${p}`);
      for (const [method, rows] of scores.entries()) {
        // Ordered: the neighbour of the label is likelier than what is further away.
        const logits = classes.map(
          (_name, k) =>
            (0.8 - 0.15 * method) *
              (k === label ? 1 : -Math.abs(k - label) / 2) +
            shared[method][k] +
            random.normal(0, 0.8),
        );
        rows.push(softmax(logits));
      }
    }
  }
  const [a, b] = scores.map((probabilities) => {
    const predictions = probabilities.map((row) =>
      row.indexOf(Math.max(...row)),
    );
    return {
      classes,
      areOrdered: true,
      labels,
      predictions,
      probabilities,
      confusion: confusionMatrix(labels, predictions, classes.length),
    };
  });
  return { a, b, groups, nodules: labels.map((_label, i) => String(i)) };
}

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
  calibrationSlopeMetric(positiveClass),
];

const isRight = ({ labels, predictions }) =>
  labels.map((label, i) => label === predictions[i]);

/** Each gives the true figure of a study, and its intervals of another, by name. */
const kinds = [
  ...metrics.map((metric) => ({
    name: metric.name,
    truth: ({ a }) => measure(metric, a).value,
    async intervals({ a, groups }, random) {
      const found = await bootstrap(metricFigure(metric, a, groups), {
        random,
        resamples,
        method: 'bca',
      });
      return {
        percentile: found.interval && percentile(found.found),
        bca: found.interval,
      };
    },
  })),
  {
    name: 'accuracy of independent nodules',
    most: 1,
    truth: ({ a }) => measure(reportMetrics[0], a).value,
    intervals({ a }) {
      const right = isRight(a);
      return {
        Wilson: wilsonInterval(right.filter(Boolean).length, right.length),
      };
    },
  },
  {
    name: 'accuracy, by cluster',
    truth: ({ a }) => measure(reportMetrics[0], a).value,
    intervals({ a, groups }) {
      const right = isRight(a);
      return {
        'Wilson with design effect': clusteredProportion(right, groups)
          .interval,
      };
    },
  },
  {
    name: 'AUC of malignant',
    truth: ({ a }) => auc(a).auc,
    intervals: ({ a, groups }) => ({
      'DeLong–Obuchowski, logit': auc(a, groups).interval,
    }),
  },
  {
    name: 'difference of two AUCs',
    truth: ({ a, b }) => auc(b).auc - auc(a).auc,
    intervals: ({ a, b, groups }) => {
      const { positive, scores } = oneVersusRest(a, positiveClass);
      const others = oneVersusRest(b, positiveClass).scores;
      const test = delongTest({ positive, a: scores, b: others, groups });
      return { 'DeLong–Obuchowski': test?.interval ?? null };
    },
  },
  ...['accuracy', 'auc', 'macroF1', 'ece', 'quadraticKappa'].map((name) => {
    const metric = reportMetrics.find((one) => one.name === name);
    return {
      name: `difference of ${metric.label}`,
      truth: ({ a, b }) => measure(metric, b).value - measure(metric, a).value,
      async intervals({ a, b, groups, nodules }, random) {
        const { interval } = await pairedDifference({
          metric,
          a: [{ cases: a, nodules, patients: groups }],
          b: [{ cases: b, nodules, patients: groups }],
          random,
          resamples,
        });
        return { 'paired bootstrap': interval };
      },
    };
  }),
];

function auc(cases, groups) {
  const { positive, scores } = oneVersusRest(cases, positiveClass);
  return delongAuc({ positive, scores, ...(groups && { groups }) });
}

function percentile(sorted) {
  const end = (part) => {
    const place = part * (sorted.length - 1);
    const below = sorted[Math.floor(place)];
    return below + (sorted[Math.ceil(place)] - below) * (place % 1);
  };
  return { low: end(0.025), high: end(0.975) };
}

const truths = new Map();
for (const most of [1, 4]) {
  const many = study(
    new RandomStream(1, 'coverage', 'truth', String(most)),
    200_000,
    most,
  );
  for (const kind of kinds) {
    const isAsked =
      kind.name.includes(only) && kinds.indexOf(kind) % parts === part - 1;
    if ((kind.most ?? 4) === most && isAsked) {
      truths.set(kind, kind.truth(many));
    }
  }
}

const rows = [];
for (const [kind, truth] of truths) {
  const tallies = new Map();
  for (let repeat = 0; repeat < repeats; repeat++) {
    const stream = new RandomStream(2, 'coverage', String(repeat));
    const one = study(stream, patients, kind.most);
    const drawing = stream.stream('draws');
    const intervals = await kind.intervals(one, () => drawing.uniform());
    for (const [method, interval] of Object.entries(intervals)) {
      const tally = tallies.get(method) ?? { held: 0, none: 0, width: 0 };
      tallies.set(method, tally);
      if (interval === null) tally.none++;
      else {
        tally.width += interval.high - interval.low;
        if (interval.low <= truth && truth <= interval.high) tally.held++;
      }
    }
  }
  for (const [method, { held, none, width }] of tallies) {
    const made = repeats - none;
    const coverage = held / made;
    const error = Math.sqrt((coverage * (1 - coverage)) / made);
    const row = {
      figure: kind.name,
      truth,
      method,
      coverage,
      error,
      width: width / made,
      none,
    };
    rows.push(row);
    if (options.json === undefined) {
      console.log(
        `${kind.name.padEnd(32)} ${method.padEnd(26)} ${(100 * coverage).toFixed(1)} ± ${(100 * error).toFixed(1)} %  width ${row.width.toFixed(3)}  of ${truth.toFixed(4)}${none > 0 ? `, ${none} undefined` : ''}`,
      );
    }
  }
}
if (options.json !== undefined) console.log(JSON.stringify(rows));
const outside = rows.filter(
  ({ coverage }) => coverage < 0.93 || coverage > 0.97,
);
if (outside.length > 0) process.exitCode = 1;
