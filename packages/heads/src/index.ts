export type { ClassifierHead, HeadOptions } from './classifier-head.js';
export { linearHead } from './linear-head.js';
export {
  ordinalForestHead,
  type OrdinalForestHeadOptions,
} from './ordinal-forest-head.js';
export { poissonHead, type PoissonHeadOptions } from './poisson-head.js';
export { stickBreakingHead } from './stick-breaking-head.js';
export { unsureHead } from './unsure-head.js';
