export {
  type Cam,
  type CamCases,
  type CamMethod,
  type CamOptions,
  type CamResult,
  camRules,
  createCam,
  layerOf,
} from './cam.js';
export {
  type CamRule,
  gradCam,
  gradCamPlusPlus,
} from './class-activation-maps.js';
export { ExplanationRequestError } from './errors.js';
export type { Axis, HeatMap } from './heat-map.js';
