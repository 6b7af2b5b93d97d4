import { highestRating, perAttribute } from '@clip-lung/lidc';

import type { MessageNodule } from '../lidc-message.js';
import { annotatedNodules, withNodule } from './annotated.js';
import type { Changed, Draft, Quirk } from './quirk.js';
import { pathOf } from './quirk.js';

const zeros = { ...perAttribute(() => 0), malignancy: 0 };

/** A small mark whose `characteristics` are there, and empty. */
export const addEmptyRatings: Quirk = (draft) => addMark(draft, 'empty');

/** A small mark whose nine ratings are zero. */
export const addZeroRatings: Quirk = (draft) => addMark(draft, zeros);

/** An internal structure of 5, of a nodule that other readers rate, too. */
export const breakRating: Quirk = (draft) => {
  const all = annotatedNodules(draft);
  const found = all.find(
    ({ nodule }) =>
      all.filter(({ nodule: { id } }) => id === nodule.id).length > 1,
  );
  if (found === undefined) return undefined;
  const { nodule } = found;
  const internalStructure = highestRating.internalStructure + 1;
  const ratings = { ...nodule.ratings, internalStructure };
  return withNodule(draft, found, { ...nodule, ratings });
};

/** Two nodules of one session with the same ID. */
export const repeatId: Quirk = (draft) => {
  const all = annotatedNodules(draft);
  for (const found of all) {
    const other = all.find(
      ({ session, nodule }) =>
        session === found.session && nodule.id !== found.nodule.id,
    );
    if (other === undefined) continue;
    const { id } = other.nodule;
    return withNodule(draft, found, { ...found.nodule, id });
  }
  return undefined;
};

/** Each reader's marks in two sessions: every second nodule, and the rest. */
export const splitSessions: Quirk = (draft) => {
  const sessions = draft.message.sessions.flatMap(({ nodules, nonNodules }) => [
    { nodules: nodules.filter((_, i) => i % 2 === 0), nonNodules: [] },
    { nodules: nodules.filter((_, i) => i % 2 === 1), nonNodules },
  ]);
  return {
    draft: { ...draft, message: { ...draft.message, sessions } },
    placed: {
      files: [pathOf(draft, draft.xmlName)],
      count: sessions.length,
    },
  };
};

/** Three readers read the scan: that was so before there was a draft, and is only written down here. */
export const noteSessions: Quirk = (draft) => ({
  draft,
  placed: {
    files: [pathOf(draft, draft.xmlName)],
    count: draft.message.sessions.length,
  },
});

/** A region with the z of the one below it: only the SOP Instance UID tells its slice. */
export const sharePosition: Quirk = (draft) => {
  const [found] = annotatedNodules(draft);
  const [below, above] = found?.nodule.regions ?? [];
  if (found === undefined || below === undefined || above === undefined) {
    return undefined;
  }
  const { nodule } = found;
  const regions = nodule.regions.map((region) =>
    region === above ? { ...region, z: below.z } : region,
  );
  return withNodule(draft, found, { ...nodule, regions }, below.z);
};

function addMark(
  draft: Draft,
  ratings: MessageNodule['ratings'] & {},
): Changed | undefined {
  const [place] = draft.slices;
  const [first, ...others] = draft.message.sessions;
  if (place === undefined || first === undefined) return undefined;
  const z = place.position[2];
  const points = [place.columns >> 1, place.rows >> 1];
  const mark = {
    id: '301',
    ratings,
    regions: [{ z, sopUid: place.sopUid, points }],
  };
  const sessions = [{ ...first, nodules: [...first.nodules, mark] }, ...others];
  return {
    draft: { ...draft, message: { ...draft.message, sessions } },
    placed: {
      files: [pathOf(draft, draft.xmlName)],
      session: 0,
      noduleId: mark.id,
      z,
    },
  };
}
