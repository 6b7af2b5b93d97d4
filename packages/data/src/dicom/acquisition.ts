import { at } from '@clip-lung/tensor';

import type { Elements } from './elements.js';

/**
 * What tells apart the acquisitions and reconstructions that may share a Series Instance UID: texts as they stand in the
 * header, to be compared and shown; null where it has none.
 *
 * @see DICOM PS3.3 §C.7.6.1 (general image), §C.8.2.1 (CT image)
 */
export interface Acquisition {
  readonly frameOfReference: string | null;
  readonly number: string | null;
  readonly temporalPosition: string | null;
  /** Nominal Percentage of Cardiac Phase */
  readonly phase: number | null;
  readonly echo: string | null;
  readonly kvp: string | null;
  readonly contrast: string | null;
  /** values of Image Type: ORIGINAL or DERIVED, PRIMARY or SECONDARY, and what else */
  readonly imageType: readonly string[];
  readonly kernel: string | null;
  readonly filter: string | null;
  /** Reconstruction Diameter, mm */
  readonly diameter: string | null;
}

/** Where a slice stands among those of its series. They differ from slice to slice. */
export interface SliceOrder {
  /** Instance Number */
  readonly instance: number | null;
  /** Acquisition Time, seconds of the day */
  readonly acquired: number | null;
  /** Content Time, seconds of the day */
  readonly created: number | null;
}

export function acquisitionOf(elements: Elements): Acquisition {
  return {
    frameOfReference: elements.text('x00200052'),
    number: elements.text('x00200012'),
    temporalPosition: elements.text('x00200100'),
    phase: elements.float32('x00209241'),
    echo: elements.text('x00180086'),
    kvp: elements.text('x00180060'),
    contrast: elements.text('x00180010'),
    imageType: elements.list('x00080008'),
    kernel: elements.text('x00181210'),
    filter: elements.text('x00181160'),
    diameter: elements.text('x00181100'),
  };
}

/** Whether Image Type says that a slice is of the acquisition itself, and was not derived from other images. */
export function isOriginal({
  acquisition: { imageType },
}: {
  readonly acquisition: Acquisition;
}): boolean {
  return imageType[0] === 'ORIGINAL';
}

/** None of them is needed to read a slice, so a malformed one counts as absent. */
export function sliceOrderOf(elements: Elements): SliceOrder {
  const instance = elements.text('x00200013');
  return {
    instance:
      instance !== null && /^[+-]?\d{1,12}$/.test(instance)
        ? Number(instance)
        : null,
    acquired: secondsOf(elements.text('x00080032')),
    created: secondsOf(elements.text('x00080033')),
  };
}

/** Seconds of the day of a time (TM): HHMMSS.FFFFFF, of which the end may be missing, or with colons in old files. */
function secondsOf(time: string | null): number | null {
  if (time === null) return null;
  const parts = /^(\d\d):?(?:(\d\d):?(?:(\d\d(?:\.\d{1,6})?))?)?$/.exec(time);
  if (parts === null) return null;
  const [, , minutes = '0', seconds = '0'] = parts;
  return 3600 * Number(at(parts, 1)) + 60 * Number(minutes) + Number(seconds);
}
