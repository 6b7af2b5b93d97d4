import type { Engine } from '@clip-lung/engine';
import type { Model } from '@clip-lung/model';

import { type CamMethod, camRules, createCam } from '../cam.js';
import { ExplanationRequestError } from '../errors.js';
import type { Explainer } from '../explainer.js';
import { createOcclusion, type OcclusionOptions } from '../occlusion.js';
import type { ExplainedRun } from './open-explained-run.js';

/** The ways to explain. */
export const methods = ['grad-cam', 'grad-cam++', 'occlusion'] as const;

export type Method = (typeof methods)[number];

/** Which method, of which layer. */
export interface ExplainerChoice {
  /** one of {@link methods}; default Grad-CAM */
  readonly method?: string | undefined;
  /** of the class activation maps, see `createCam` */
  readonly layer?: string | undefined;
  readonly occlusion?: OcclusionOptions | undefined;
}

/** The index of a class. @throws {@link ExplanationRequestError} for one that the model does not tell apart */
export function classOf({ model, folder }: ExplainedRun, name: string): number {
  const index = model.classes.indexOf(name);
  if (index >= 0) return index;
  throw new ExplanationRequestError(
    `${folder}: tells no class "${name}" apart; choose one of ${model.classes.join(', ')}`,
  );
}

/** @throws {@link ExplanationRequestError} for a method or a layer that is not there */
export function explainerOf(
  engine: Engine,
  model: Model,
  { method = 'grad-cam', layer, occlusion }: ExplainerChoice,
): Explainer {
  if (method === 'occlusion') {
    if (layer === undefined) return createOcclusion(engine, model, occlusion);
    throw new ExplanationRequestError(
      `occlusion is of the crop itself, and has no layer "${layer}"; leave the layer out, or choose ${Object.keys(camRules).join(' or ')}`,
    );
  }
  if (isCam(method)) return createCam(engine, model, { method, layer });
  throw new ExplanationRequestError(
    `there is no method "${method}"; choose one of ${methods.join(', ')}`,
  );
}

function isCam(method: string): method is CamMethod {
  return Object.hasOwn(camRules, method);
}
