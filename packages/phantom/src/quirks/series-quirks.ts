import { type CtSlice, toHounsfield } from '../dicom/ct-slice.js';
import type { LidcMessage } from '../lidc-message.js';
import { mix } from '../profile.js';
import { annotatedNodules } from './annotated.js';
import { type Draft, pathOf, type Quirk, sliceName } from './quirk.js';

/** The slice in the middle of a nodule was never stored. */
export const dropSlice: Quirk = (draft) => {
  const regions = annotatedNodules(draft)[0]?.nodule.regions ?? [];
  const middle = regions[regions.length >> 1];
  const slice = draft.slices.find(({ sopUid }) => sopUid === middle?.sopUid);
  if (slice === undefined || regions.length < 3) return undefined;
  return {
    draft: { ...draft, slices: draft.slices.filter((one) => one !== slice) },
    placed: {
      files: [pathOf(draft, sliceName(slice))],
      z: slice.position[2],
    },
  };
};

/** A slice was stored twice, under another UID and a name that comes later. */
export const copySlice: Quirk = (draft, random) => {
  const { slices, uids, number } = draft;
  const slice = slices[random.integer(slices.length)];
  if (slice === undefined) return undefined;
  const instance = slices.length + 1;
  const copy = {
    ...slice,
    instance,
    sopUid: uids.uid('slice', number, instance),
  };
  return {
    draft: { ...draft, slices: [...slices, copy] },
    placed: {
      files: [pathOf(draft, sliceName(copy))],
      z: copy.position[2],
    },
  };
};

/** As a part of the slice thickness. */
const displacement = 0.3;

/**
 * Every second slice of those that nobody marked lies a little higher than it should: what it shows is interpolated, so
 * that the image is right.
 */
export const displaceSlices: Quirk = (draft) => {
  const marked = markedSlices(draft.message);
  const byHeight = [...draft.slices].sort(
    (a, b) => a.position[2] - b.position[2],
  );
  const moved = new Map<CtSlice, CtSlice>();
  byHeight.slice(0, -1).forEach((slice, k) => {
    const above = byHeight[k + 1];
    if (k % 2 === 0 || above === undefined || marked.has(slice.sopUid)) return;
    const { hu, position } = slice;
    const z = position[2] + displacement * slice.scanner.sliceThickness;
    moved.set(slice, {
      ...slice,
      position: [position[0], position[1], z],
      hu: hu.map((value, i) =>
        toHounsfield(mix(value, above.hu[i] as number, displacement)),
      ),
    });
  });
  if (moved.size === 0) return undefined;
  return {
    draft: {
      ...draft,
      slices: draft.slices.map((slice) => moved.get(slice) ?? slice),
    },
    placed: {
      files: [...moved.keys()].map((slice) => pathOf(draft, sliceName(slice))),
      count: moved.size,
    },
  };
};

/** A localiser, the view from the front on which the scan was planned, among the slices, and a series of its own. */
export const addLocalizer: Quirk = (draft) =>
  addImage(draft, {
    view: 'localizer',
    seriesUid: draft.uids.uid('other-series', draft.number),
  });

/** A localiser in the very series of the scan. */
export const addLocalizerInSeries: Quirk = (draft) =>
  addImage(draft, { view: 'localizer' });

/** A coronal image, as programs make of a scan, in its very series. */
export const addCoronal: Quirk = (draft) =>
  addImage(draft, { view: 'coronal' });

function addImage(draft: Draft, odd: Partial<CtSlice>): ReturnType<Quirk> {
  const [slice] = draft.slices;
  if (slice === undefined) return undefined;
  const sopUid = draft.uids.uid('other-image', draft.number);
  const image = { ...slice, instance: 0, sopUid, ...odd };
  return {
    draft: { ...draft, slices: [...draft.slices, image] },
    placed: { files: [pathOf(draft, sliceName(image))] },
  };
}

/** SOP Instance UIDs of the slices that annotations name. */
function markedSlices({ sessions }: LidcMessage): ReadonlySet<string> {
  const uids = sessions.flatMap(({ nodules, nonNodules }) => [
    ...nodules.flatMap(({ regions }) => regions.map(({ sopUid }) => sopUid)),
    ...nonNodules.map(({ place }) => place.sopUid),
  ]);
  return new Set(uids);
}
