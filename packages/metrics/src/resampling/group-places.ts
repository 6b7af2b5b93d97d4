/** Cases by the group that each belongs to. */
export interface GroupPlaces {
  /** of each case, its group, counted from 0 in the order in which they appear, [N] */
  readonly placeOf: Uint32Array;
  /** how many groups there are, G */
  readonly count: number;
}

/** @param groups the group of each case, [N] */
export function groupPlaces(groups: readonly string[]): GroupPlaces {
  const places = new Map<string, number>();
  const placeOf = Uint32Array.from(groups, (group) => {
    const known = places.get(group);
    if (known !== undefined) return known;
    places.set(group, places.size);
    return places.size - 1;
  });
  return { placeOf, count: places.size };
}
