import type { Collection } from '@clip-lung/lidc';

import type { Manifest } from '../../dataset/manifest.js';
import type { Part } from '../../dataset/nodule.js';
import type { Warning } from '../../warning.js';

/** A nodule that a source has ready: its crop, its class, and what else is known of it. */
export interface SourceNodule {
  readonly id: string;
  /** whose nodules are never on both sides of a split */
  readonly patient: string;
  /** one of the source's classes */
  readonly label: string;
  /** HU, [size, size, size], axes z, y, x */
  readonly hu: Int16Array;
  /** a number for each attribute of the source */
  readonly ratings?: Readonly<Record<string, number>>;
  /** a number for each further column of the source */
  readonly columns?: Readonly<Record<string, number>>;
  /** where the source gives the folds: from 0 */
  readonly fold?: number;
  /** where the source has a split of its own */
  readonly part?: Part;
}

/** What a source has, known before its nodules are read. */
export interface OpenSource {
  /** for the manifest; default: a source of one's own, with its name and options */
  readonly source?: Manifest['source'];
  /** default `other` */
  readonly collection?: Collection;
  /** two or more; in their order where they are ordered */
  readonly classes: {
    readonly names: readonly string[];
    readonly ordered: boolean;
  };
  /** of which every nodule has a rating; default none */
  readonly attributes?: readonly string[];
  /** of which every nodule has a number; default none */
  readonly columns?: readonly string[];
  readonly split: Manifest['split'];
  readonly crop: {
    /** samples along each side: 32, or more, which are a margin for augmentation */
    readonly size: number;
    /** side in diameters of the nodule, the margin included; null where that is not known */
    readonly scale: number | null;
    /** HU outside of the volume; null where that is not known */
    readonly outside: number | null;
  };
  /** for the manifest; there may be more of them when all nodules are read */
  readonly warnings?: readonly Warning[];
  /** how many nodules there are, for the progress that is shown */
  readonly total: number;
  readonly nodules: Iterable<SourceNodule> | AsyncIterable<SourceNodule>;
}
