import type { Ratings } from '@clip-lung/lidc';

import type { MessageNodule, MessageRegion } from '../lidc-message.js';
import type { Changed, Draft } from './quirk.js';
import { pathOf } from './quirk.js';

/** One reader's nodule with ratings. */
export interface Annotated {
  /** which session of the message, from 0 */
  readonly session: number;
  readonly nodule: Omit<MessageNodule, 'ratings'> & {
    readonly ratings: Ratings;
  };
}

/** All nodules of a draft with ratings; those with the most regions, which have the most room for quirks, first. */
export function annotatedNodules({ message }: Draft): readonly Annotated[] {
  return message.sessions
    .flatMap(({ nodules }, session) =>
      nodules.flatMap(({ ratings, ...nodule }) =>
        ratings === undefined || ratings === 'empty'
          ? []
          : [{ session, nodule: { ...nodule, ratings } }],
      ),
    )
    .sort((a, b) => b.nodule.regions.length - a.nodule.regions.length);
}

/** A region of an annotated nodule. */
export interface Outlined extends Annotated {
  readonly region: MessageRegion;
}

/** The regions of all annotated nodules, those with the longest contours first. */
export function outlinedRegions(draft: Draft): readonly Outlined[] {
  return annotatedNodules(draft)
    .flatMap((annotated) =>
      annotated.nodule.regions.map((region) => ({ ...annotated, region })),
    )
    .sort((a, b) => b.region.points.length - a.region.points.length);
}

/** A draft in which one session's nodule is another, with what `quirks.json` says about it. */
export function withNodule(
  draft: Draft,
  { session, nodule }: Annotated,
  changed: MessageNodule,
  z?: number,
): Changed {
  const sessions = draft.message.sessions.map((one, index) =>
    index === session
      ? {
          ...one,
          nodules: one.nodules.map((other) =>
            other.id === nodule.id ? changed : other,
          ),
        }
      : one,
  );
  return {
    draft: { ...draft, message: { ...draft.message, sessions } },
    placed: {
      files: [pathOf(draft, draft.xmlName)],
      session,
      noduleId: changed.id,
      ...(z === undefined ? {} : { z }),
    },
  };
}

/** The nodule with the one region of it replaced by others. */
export function withRegion(
  { nodule, region }: Outlined,
  others: readonly MessageRegion[],
): MessageNodule {
  return {
    ...nodule,
    regions: nodule.regions.flatMap((one) => (one === region ? others : [one])),
  };
}
