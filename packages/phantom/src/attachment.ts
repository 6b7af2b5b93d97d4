import type { RandomStream } from '@clip-lung/tensor';

import type { Vessel } from './background.js';
import { type Shape, surfaceRadius } from './shape.js';
import { distance, randomDirection, type Vec3 } from './vector.js';

/** What a nodule touches: nothing but lung, a vessel that ends in it, or the pleura of the chest wall. */
export const attachments = ['none', 'vessel', 'pleura'] as const;

export type Attachment = (typeof attachments)[number];

const vesselShare = 0.18;
const pleuraShare = 0.12;

export function drawAttachment(random: RandomStream): Attachment {
  const draw = random.uniform();
  if (draw < vesselShare) return 'vessel';
  return draw < vesselShare + pleuraShare ? 'pleura' : 'none';
}

/** How far in mm the centre of a nodule on the pleura is from the wall: a little of it is sunk in. */
export function pleuralGap(shape: Shape): number {
  return 0.85 * surfaceRadius(shape, -1, 0, 0);
}

interface Ball {
  readonly center: Vec3;
  readonly radius: number;
}

/**
 * A vessel that ends in the middle of a nodule.
 *
 * @param spared balls that it must keep clear of
 * @returns undefined where no direction leads past all of them
 */
export function feedingVessel(
  center: Vec3,
  shape: Shape,
  spared: readonly Ball[],
  random: RandomStream,
): Vessel | undefined {
  const radius = Math.min(
    random.uniform(0.7, 1.6),
    Math.max(0.5, 0.4 * shape.radius),
  );
  const length = shape.reach + random.uniform(15, 35);
  for (let tries = 0; tries < 30; tries++) {
    const [x, y, z] = randomDirection(random);
    const at = (away: number): Vec3 => [
      center[0] + away * x,
      center[1] + away * y,
      center[2] + away * z,
    ];
    const steps = Array.from({ length: Math.ceil(length) }, (_, mm) => at(mm));
    const free = spared.every((ball) =>
      steps.every(
        (point) => distance(point, ball.center) > ball.radius + radius + 2,
      ),
    );
    if (free) return { start: center, end: at(length), radius };
  }
  return undefined;
}
