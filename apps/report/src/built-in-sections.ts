import type { Section } from './section.js';
import { askedSection } from './sections/asked.js';
import { calibrationSection } from './sections/calibration.js';
import { confusionSection } from './sections/confusion.js';
import { discriminationSection } from './sections/discrimination.js';
import { foldsSection } from './sections/folds.js';
import { hardestSection } from './sections/hardest.js';
import { madeSection } from './sections/made.js';
import { netBenefitSection } from './sections/net-benefit.js';
import { patientsSection } from './sections/patients.js';
import { summarySection } from './sections/summary.js';
import { trainingSection } from './sections/training.js';

/** In the order of a report: what was asked, on whom, how good, how sure, when wrong, how made. */
export const builtInSections: readonly Section[] = [
  askedSection,
  patientsSection,
  summarySection,
  foldsSection,
  trainingSection,
  confusionSection,
  discriminationSection,
  calibrationSection,
  netBenefitSection,
  hardestSection,
  madeSection,
];
