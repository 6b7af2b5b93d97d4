export {
  type AttributeAgreement,
  attributeAgreement,
  highRating,
  lowRating,
} from './attribute-agreement.js';
export {
  type AttributeScorer,
  createAttributeScorer,
  type ScoredCases,
} from './attribute-scores.js';
export { type CamMethod, type CamOptions, camRules, createCam } from './cam.js';
export {
  type CamRule,
  gradCam,
  gradCamPlusPlus,
} from './class-activation-maps.js';
export { ExplanationRequestError } from './errors.js';
export type { ExplainedCases, Explainer, Explanation } from './explainer.js';
export type { Axis, HeatMap } from './heat-map.js';
export { type HeatShare, heatShare, sphereMask } from './heat-share.js';
export { type HeatFigure, heatSvg } from './heat-svg.js';
export {
  learntContexts,
  type NearToken,
  nearestTokens,
  nearestTokensNote,
} from './nearest-tokens.js';
export { createOcclusion, lungHu, type OcclusionOptions } from './occlusion.js';
export { checkByRandomisation, type RandomisedStage } from './randomisation.js';
