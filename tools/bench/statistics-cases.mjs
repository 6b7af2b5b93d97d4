// Made-up nodules as one study has them: 2,600 nodules of 870 patients, three ordered classes.
import { confusionMatrix } from '@clip-lung/metrics';
import { RandomStream, softmax } from '@clip-lung/tensor';

export const nodules = 2600;
const patientCount = 870;

export function studyCases(seed) {
  const random = new RandomStream(1, 'bench', 'statistics');
  const labels = Array.from({ length: nodules }, () => random.integer(3));
  const patients = labels.map(
    (_label, i) =>
      `patient ${i < patientCount ? i : random.integer(patientCount)}`,
  );
  const own = new RandomStream(seed, 'bench', 'statistics', 'seed');
  const probabilities = labels.map((label) =>
    softmax([0, 1, 2].map((k) => own.normal(k === label ? 1 : 0))),
  );
  const predictions = probabilities.map((row) => row.indexOf(Math.max(...row)));
  return {
    nodules: labels.map((_label, i) => String(i)),
    patients,
    cases: {
      classes: ['benign', 'unsure', 'malignant'],
      areOrdered: true,
      labels,
      predictions,
      probabilities,
      confusion: confusionMatrix(labels, predictions, 3),
    },
  };
}
