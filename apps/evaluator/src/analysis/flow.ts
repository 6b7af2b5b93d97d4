import type { DatasetNodule, Manifest } from '@clip-lung/data';

import { countPatients } from './figure.js';
import { isTestedIn, type TestedRun } from './tested-run.js';

/** How many there are; null where the dataset does not tell. */
export interface FlowCounts {
  readonly scans: number | null;
  readonly patients: number | null;
  readonly nodules: number | null;
}

/** What does not go on to the next stage, and why. A patient may have other nodules that do. */
export interface FlowLoss extends FlowCounts {
  readonly reason: string;
}

/** One stage from what was found to what was tested. */
export interface FlowStage extends FlowCounts {
  readonly stage: string;
  readonly leftOut: readonly FlowLoss[];
}

/** From what `prepare` found to what the run was tested on, as in a CONSORT diagram. */
export interface Flow {
  /** files and series that never became scans of the study; empty where the source does not tell */
  readonly setAside: readonly {
    readonly reason: string;
    readonly count: number;
  }[];
  readonly stages: readonly FlowStage[];
}

const unknown: FlowCounts = { scans: null, patients: null, nodules: null };

/** Touches no file. */
export function flowOf(run: TestedRun): Flow {
  const { manifest } = run.dataset;
  return {
    setAside: setAside(manifest),
    stages: [
      ...stagesBefore(manifest),
      datasetStage(run),
      {
        ...unknown,
        ...countsOf(run.tested.map(({ nodule }) => nodule)),
        stage: 'tested',
        leftOut: [],
      },
    ],
  };
}

function setAside({ source }: Manifest): Flow['setAside'] {
  if (source.name !== 'lidc') return [];
  const { counts } = source;
  return [
    ['radiographs, not CT', counts.radiographs],
    ['second annotation files of a series', counts.duplicates],
    [
      'CT series that nobody annotated, or that were not asked for',
      counts.seriesWithoutAnnotations,
    ],
    ['DICOM files that are not of a CT', counts.otherModalities],
    ['XML and DICOM files that could not be read', counts.unreadable],
    ['files that are neither XML nor DICOM', counts.otherFiles],
  ].flatMap(([reason, count]) =>
    typeof reason === 'string' && typeof count === 'number' && count > 0
      ? [{ reason, count }]
      : [],
  );
}

/** What only LIDC-IDRI's files tell: other sources begin with the dataset. */
function stagesBefore({ source, counts }: Manifest): readonly FlowStage[] {
  if (source.name !== 'lidc') return [];
  const { scans, failedScans, scansWithoutImages } = source.counts;
  const { tooFewReaders, leftOut } = source.counts;
  const { minReaders } = source.options;
  return [
    {
      ...unknown,
      stage: 'annotated scans',
      scans: scans + failedScans + scansWithoutImages,
      leftOut: losses([
        ['there are no images of the scan', { scans: scansWithoutImages }],
        ['the images cannot be used', { scans: failedScans }],
      ]),
    },
    {
      ...unknown,
      stage: 'nodules found',
      scans,
      nodules: counts.nodules + tooFewReaders + leftOut,
      leftOut: losses([
        [`fewer than ${minReaders} readers`, { nodules: tooFewReaders }],
        [
          'the series lacks their slices, or nobody rated their malignancy',
          { nodules: leftOut },
        ],
      ]),
    },
  ];
}

function datasetStage({
  dataset,
  missingFolds,
  testedClasses,
  tested,
  record,
}: TestedRun): FlowStage {
  const there = new Set(tested.map(({ nodule }) => nodule));
  const others = dataset.nodules.filter((nodule) => !there.has(nodule));
  const ofClass = (isTested: boolean): readonly DatasetNodule[] =>
    others.filter(({ label }) => testedClasses.includes(label) === isTested);
  const waiting = ofClass(true).filter((nodule) =>
    missingFolds.some((fold) => isTestedIn(nodule, fold, testedClasses)),
  );
  const learnt = ofClass(true).filter((nodule) => !waiting.includes(nodule));
  return {
    ...unknown,
    ...countsOf(dataset.nodules),
    stage: 'in the dataset',
    leftOut: losses([
      [
        `their class is not tested in subset ${record.data.subset}`,
        countsOf(ofClass(false)),
      ],
      [
        `their fold has no predictions: ${missingFolds.join(', ')}`,
        countsOf(waiting),
      ],
      ['not in the test part of the source’s own split', countsOf(learnt)],
    ]),
  };
}

function countsOf(nodules: readonly DatasetNodule[]): Partial<FlowCounts> {
  return {
    patients: countPatients(nodules.map(({ patient }) => patient)),
    nodules: nodules.length,
  };
}

/** Those that there are. */
function losses(
  all: readonly (readonly [reason: string, counts: Partial<FlowCounts>])[],
): readonly FlowLoss[] {
  return all
    .map(([reason, counts]) => ({ ...unknown, ...counts, reason }))
    .filter(({ scans, nodules }) => (scans ?? nodules) !== 0);
}
