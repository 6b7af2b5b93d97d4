import { diameterSubgroup } from './diameter.js';
import { manufacturerSubgroup } from './manufacturer.js';
import { numberOfReadersSubgroup } from './number-of-readers.js';
import { readerAgreementSubgroup } from './reader-agreement.js';
import { sliceThicknessSubgroup } from './slice-thickness.js';
import type { Subgroup } from './subgroup.js';
import { textureSubgroup } from './texture.js';
import { voteMarginSubgroup } from './vote-margin.js';

/** What an analysis divides the tested nodules by, in the order of tables and reports. */
export const builtInSubgroups: readonly Subgroup[] = [
  diameterSubgroup,
  textureSubgroup,
  readerAgreementSubgroup,
  voteMarginSubgroup,
  numberOfReadersSubgroup,
  sliceThicknessSubgroup,
  manufacturerSubgroup,
];
