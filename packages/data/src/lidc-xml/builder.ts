import {
  isInRange,
  type RatingName,
  ratingNames,
  type Ratings,
} from '@clip-lung/lidc';
import { at } from '@clip-lung/tensor';

import { limits } from '../limits.js';
import type {
  Annotation,
  CtReadings,
  NonNodule,
  Region,
  SmallMark,
} from './readings.js';

type Refuse = (problem: string) => never;

interface OpenNodule {
  id: string;
  /** undefined without a `characteristics` element */
  ratings: Map<RatingName, number> | undefined;
  readonly regions: Region[];
}

/** What a `roi` or a `nonNodule` says about its place. */
interface OpenPlace {
  z: number | undefined;
  sopUid: string;
  inclusion: boolean | undefined;
  readonly points: number[];
}

/** A region whose points are still in the builder's own list, from `start` on. */
interface PackedRegion {
  readonly region: { -readonly [Key in keyof Region]: Region[Key] };
  readonly start: number;
}

const uidPattern = /^\d[\d.]{0,63}$/;
const isRatingName = (name: string): name is RatingName =>
  (ratingNames as readonly string[]).includes(name);

/** Makes {@link CtReadings} of the opening and closing elements of a `LidcReadMessage`. Elements it does not know are passed over. */
export class ReadingsBuilder {
  readonly #path: string[] = [];
  readonly #refuse: Refuse;

  #seriesUid = '';
  #studyUid = '';
  #session = -1;
  #order = 0;
  #nodule: OpenNodule | undefined;
  #nonNoduleId = '';
  #place: OpenPlace = newPlace();
  #x: number | undefined;
  #y: number | undefined;

  /** Of all regions: one array that they share takes a third of the memory of an array each. */
  readonly #points: number[] = [];
  readonly #packed: PackedRegion[] = [];
  readonly #annotations: Annotation[] = [];
  readonly #smallMarks: SmallMark[] = [];
  readonly #nonNodules: NonNodule[] = [];

  constructor(refuse: Refuse) {
    this.#refuse = refuse;
  }

  open(name: string): void {
    this.#path.push(name);
    switch (name) {
      case 'readingSession':
        this.#session += 1;
        this.#order = 0;
        break;
      case 'unblindedReadNodule':
        this.#expectSession(name);
        this.#nodule = { id: '', ratings: undefined, regions: [] };
        break;
      case 'characteristics':
        if (this.#nodule) this.#nodule.ratings ??= new Map();
        break;
      case 'nonNodule':
        this.#expectSession(name);
        this.#nonNoduleId = '';
        this.#place = newPlace();
        break;
      case 'roi':
        this.#place = newPlace();
        break;
      case 'edgeMap':
      case 'locus':
        this.#x = undefined;
        this.#y = undefined;
        break;
    }
  }

  /** @param text the element's own text, without the spaces around it */
  close(text: string): void {
    const name = at(this.#path, this.#path.length - 1, 'open elements');
    this.#path.pop();
    const parent = this.#path.at(-1);
    switch (name) {
      // The two UIDs of the header are spelled differently, and both spellings of each occur.
      case 'SeriesInstanceUid':
      case 'SeriesInstanceUID':
        if (parent === 'ResponseHeader') {
          const uid = this.#uid(name, text);
          this.#seriesUid = this.#once(name, this.#seriesUid, uid);
        }
        break;
      case 'StudyInstanceUid':
      case 'StudyInstanceUID':
        if (parent === 'ResponseHeader' && text !== '') {
          const uid = this.#uid(name, text);
          this.#studyUid = this.#once(name, this.#studyUid, uid);
        }
        break;
      case 'noduleID':
        if (this.#nodule) {
          this.#nodule.id = this.#once(name, this.#nodule.id, text);
        }
        break;
      case 'nonNoduleID':
        this.#nonNoduleId = this.#once(name, this.#nonNoduleId, text);
        break;
      case 'imageZposition':
        this.#place.z = this.#once(
          name,
          this.#place.z,
          this.#number(name, text),
        );
        break;
      case 'imageSOP_UID':
        this.#place.sopUid = this.#once(
          name,
          this.#place.sopUid,
          this.#uid(name, text),
        );
        break;
      case 'inclusion':
        if (text !== 'TRUE' && text !== 'FALSE') {
          this.#refuse(`<inclusion> is "${text}", expected TRUE or FALSE`);
        }
        this.#place.inclusion = this.#once(
          name,
          this.#place.inclusion,
          text === 'TRUE',
        );
        break;
      case 'xCoord':
        this.#x = this.#once(name, this.#x, this.#whole(name, text));
        break;
      case 'yCoord':
        this.#y = this.#once(name, this.#y, this.#whole(name, text));
        break;
      case 'edgeMap':
      case 'locus':
        this.#place.points.push(...this.#point(name));
        break;
      case 'roi':
        this.#closeRegion();
        break;
      case 'nonNodule':
        this.#closeNonNodule();
        break;
      case 'unblindedReadNodule':
        this.#closeNodule();
        break;
      default:
        if (parent === 'characteristics' && isRatingName(name)) {
          const ratings = this.#nodule?.ratings;
          const value = this.#whole(name, text);
          ratings?.set(name, this.#once(name, ratings.get(name), value));
        }
    }
  }

  finish(file: string): CtReadings {
    if (this.#seriesUid === '') {
      this.#refuse('the header has no SeriesInstanceUid');
    }
    const points = Int32Array.from(this.#points);
    for (const [i, { region, start }] of this.#packed.entries()) {
      region.points = points.subarray(start, this.#packed[i + 1]?.start);
    }
    return {
      kind: 'ct',
      file,
      seriesUid: this.#seriesUid,
      studyUid: this.#studyUid === '' ? null : this.#studyUid,
      sessions: this.#session + 1,
      annotations: this.#annotations,
      smallMarks: this.#smallMarks,
      nonNodules: this.#nonNodules,
    };
  }

  #closeRegion(): void {
    const nodule = this.#nodule;
    if (!nodule) return this.#refuse('<roi> outside of a nodule');
    const { z, sopUid, inclusion, points } = this.#place;
    if (z === undefined || inclusion === undefined || points.length === 0) {
      return this.#refuse(
        `<roi> of nodule "${nodule.id}" lacks its <imageZposition>, <inclusion> or <edgeMap>`,
      );
    }
    const region = { z, sopUid, inclusion, points: new Int32Array() };
    this.#packed.push({ region, start: this.#points.length });
    for (const value of points) this.#points.push(value);
    nodule.regions.push(region);
  }

  #closeNonNodule(): void {
    const { z, sopUid, points } = this.#place;
    const [x, y] = points;
    if (z === undefined || x === undefined || y === undefined) {
      return this.#refuse(
        `<nonNodule> "${this.#nonNoduleId}" lacks its <imageZposition> or <locus>`,
      );
    }
    const id = this.#nonNoduleId;
    this.#nonNodules.push({ session: this.#session, id, z, sopUid, x, y });
  }

  #closeNodule(): void {
    const nodule = this.#nodule;
    if (!nodule) return;
    this.#nodule = undefined;
    const { id: noduleId, regions } = nodule;
    const session = this.#session;
    const order = this.#order++;
    const ratings = wholeRatings(nodule.ratings);
    if (typeof ratings === 'string') {
      this.#smallMarks.push({ session, order, noduleId, ratings, regions });
      return;
    }
    const flagged = ratingNames.filter(
      (name) => !isInRange(name, ratings[name]),
    );
    const annotation = { session, order, noduleId, ratings, flagged, regions };
    if (this.#annotations.length >= limits.annotations) {
      this.#refuse(`has more than ${limits.annotations} annotations`);
    }
    this.#annotations.push(annotation);
  }

  #point(name: string): readonly [number, number] {
    const x = this.#x;
    const y = this.#y;
    if (x === undefined || y === undefined) {
      return this.#refuse(`<${name}> lacks its <xCoord> or <yCoord>`);
    }
    return [x, y];
  }

  #expectSession(name: string): void {
    if (this.#path[this.#path.length - 2] !== 'readingSession') {
      this.#refuse(`<${name}> outside of a <readingSession>`);
    }
  }

  /** Which of two values were meant, nobody knows; the same value twice does no harm. */
  #once<T extends string | number | boolean>(
    name: string,
    before: T | undefined,
    value: T,
  ): T {
    if (before === undefined || before === '' || before === value) return value;
    return this.#refuse(
      `<${name}> is "${before}" and then "${value}", expected it once`,
    );
  }

  #uid(name: string, text: string): string {
    if (uidPattern.test(text)) return text;
    return this.#refuse(
      `<${name}> is "${text.slice(0, 80)}", expected a UID of digits and dots`,
    );
  }

  /** Real z positions are written `-154.0`, `-154` and `-154.0 `. */
  #number(name: string, text: string): number {
    const value = Number(text);
    if (text !== '' && Number.isFinite(value)) return value;
    return this.#refuse(
      `<${name}> is "${text.slice(0, 80)}", expected a number`,
    );
  }

  #whole(name: string, text: string): number {
    if (/^-?\d{1,6}$/.test(text)) return Number(text);
    return this.#refuse(
      `<${name}> is "${text.slice(0, 80)}", expected a whole number`,
    );
  }
}

function newPlace(): OpenPlace {
  return { z: undefined, sopUid: '', inclusion: undefined, points: [] };
}

/** The nine ratings, or why a nodule has none: only nine ratings that are not all zero make an annotation. */
function wholeRatings(
  found: ReadonlyMap<RatingName, number> | undefined,
): Ratings | SmallMark['ratings'] {
  if (found === undefined) return 'absent';
  if (found.size === 0) return 'empty';
  if (found.size < ratingNames.length) return 'incomplete';
  if ([...found.values()].every((value) => value === 0)) return 'zero';
  return Object.fromEntries(found) as Record<RatingName, number>;
}
