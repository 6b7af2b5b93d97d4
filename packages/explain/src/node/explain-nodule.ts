import { attributeRatings, type DatasetNodule } from '@clip-lung/data';
import { type Engine, onnxEngine } from '@clip-lung/engine';
import { type Row } from '@clip-lung/inference';
import { batchFields } from '@clip-lung/inference/node';
import {
  foldPaths,
  InconsistentRunError,
  MissingRunFileError,
  readPredictions,
} from '@clip-lung/run';
import {
  at,
  float32,
  type NdArray,
  RandomStream,
  softmax,
} from '@clip-lung/tensor';

import { createAttributeScorer } from '../attribute-scores.js';
import { ExplanationRequestError } from '../errors.js';
import type { HeatMap } from '../heat-map.js';
import { type HeatShare, heatShare, sphereMask } from '../heat-share.js';
import { nearestNames } from '../nearest-names.js';
import { classOf, explainerOf, type ExplainerChoice } from './explainer-of.js';
import { maskOf, type NoduleMask } from './nodule-mask.js';
import type { ExplainedRun } from './open-explained-run.js';

export interface ExplainNoduleOptions extends ExplainerChoice {
  /** its ID in the dataset */
  readonly nodule: string;
  /** by name; default the most probable */
  readonly class?: string | undefined;
  /** of the untrained model; default 0 */
  readonly seed?: number | undefined;
}

/** How much heat lies in the nodule: of this model, and of one with its first weights. */
export interface NoduleHeat {
  readonly mask: NoduleMask;
  readonly trained: HeatShare;
  readonly untrained: HeatShare;
}

/** An attribute of a nodule. */
export interface ScoredAttribute {
  readonly attribute: string;
  /** cosine, −1..1 */
  readonly score: number;
  /** mean over the readers; null where it is not rated */
  readonly rating: number | null;
}

export interface ExplainedNodule {
  readonly nodule: DatasetNodule;
  /** whether the fold was tested with it; else it was trained or validated on it, or is new to it */
  readonly isTested: boolean;
  /** of all classes */
  readonly probabilities: Row;
  /** that is explained */
  readonly class: string;
  /** `grad-cam of layer4` */
  readonly method: string;
  readonly map: HeatMap;
  /** undefined where the dataset does not say how large crops are in diameters */
  readonly heat: NoduleHeat | undefined;
  /** undefined where the run was opened without texts, or compares no attributes */
  readonly attributes: readonly ScoredAttribute[] | undefined;
  /** HU, [1, 32, 32, 32] */
  readonly hu: NdArray<'float32'>;
}

/**
 * Explains what a trained fold says of a nodule of its dataset.
 *
 * @throws {@link ExplanationRequestError} for a nodule, class, method or layer that is not there; `InconsistentRunError` when the
 *   head does not predict what it did when the fold was tested
 */
export async function explainNodule(
  run: ExplainedRun,
  options: ExplainNoduleOptions,
): Promise<ExplainedNodule> {
  const { dataset, model, weights } = run;
  const place = placeOf(run, options.nodule);
  const nodule = at(dataset.nodules, place, 'nodules');
  const wanted =
    options.class === undefined ? undefined : classOf(run, options.class);
  const engine = onnxEngine();
  try {
    const explainer = explainerOf(engine, model, options);
    const { cropSize } = model;
    const size = cropSize ** 3;
    const hu = float32(
      [1, cropSize, cropSize, cropSize],
      Float32Array.from(
        dataset.crops.data.subarray(place * size, (place + 1) * size),
      ),
    );
    const explain = async (own: typeof weights, index: number) =>
      at(await explainer.explain(own, { hu, classes: [index] }), 0, 'maps');
    // The probabilities come with the map of any class.
    let found = await explain(weights, wanted ?? 0);
    const probabilities = softmax(found.logits);
    const isTested = await expectTested(run, nodule, probabilities);
    const index = wanted ?? probabilities.indexOf(Math.max(...probabilities));
    if (index !== (wanted ?? 0)) found = await explain(weights, index);
    const start = model.init(new RandomStream(options.seed ?? 0, 'untrained'));
    const untrained = await explain(start, index);
    const mask = maskOf(run.dataset);
    const sphere = mask && sphereMask(cropSize, mask.radius);
    return {
      ...{ nodule, isTested, hu, map: found.map, method: explainer.name },
      class: at(model.classes, index, 'classes'),
      probabilities: model.classes.map(
        (name, k) => [name, at(probabilities, k)] as const,
      ),
      heat:
        mask === undefined || sphere === undefined
          ? undefined
          : {
              mask,
              trained: heatShare(found.map, sphere),
              untrained: heatShare(untrained.map, sphere),
            },
      attributes: await attributesOf(engine, run, { nodule, place, hu }),
    };
  } finally {
    await engine.dispose();
  }
}

function placeOf({ dataset }: ExplainedRun, id: string): number {
  const place = dataset.nodules.findIndex((nodule) => nodule.id === id);
  if (place >= 0) return place;
  const ids = dataset.nodules.map((nodule) => nodule.id);
  throw new ExplanationRequestError(
    `${dataset.folder}: has no nodule "${id}"; the nearest of its ${ids.length} are ${nearestNames(id, ids).join(', ')}`,
  );
}

/** Far above what another number of threads makes of a probability by rounding. */
const tolerance = 1e-3;

/** Whether the fold was tested with a nodule; what it said then shows whether crop and weights are those of the test. */
async function expectTested(
  { folder, fold, dataset }: ExplainedRun,
  { id }: DatasetNodule,
  probabilities: readonly number[],
): Promise<boolean> {
  const paths = foldPaths(folder, fold);
  const { rows } = await readPredictions(paths).catch((error: unknown) => {
    // A fold that is still being trained has none yet.
    if (error instanceof MissingRunFileError) return { rows: [] };
    throw error;
  });
  const tested = rows.find(({ nodule }) => nodule === id);
  if (tested === undefined) return false;
  const isSame = tested.probabilities.every(
    (value, k) => Math.abs(value - at(probabilities, k)) <= tolerance,
  );
  if (isSame) return true;
  const show = (values: readonly number[]): string =>
    values.map((value) => value.toFixed(3)).join(', ');
  throw new InconsistentRunError(
    `${paths.predictions}: for nodule ${id} the head said ${show(tested.probabilities)}, and now says ${show(probabilities)}: its crop in ${dataset.folder}, or the fold's checkpoint, is not the one that it was tested with; give the right dataset with --data, or train again`,
  );
}

async function attributesOf(
  engine: Engine,
  { model, weights, dataset, texts }: ExplainedRun,
  {
    nodule,
    place,
    hu,
  }: {
    readonly nodule: DatasetNodule;
    readonly place: number;
    readonly hu: NdArray<'float32'>;
  },
): Promise<readonly ScoredAttribute[] | undefined> {
  if (texts === undefined || model.attributeScores === undefined) {
    return undefined;
  }
  const scorer = createAttributeScorer(engine, model, weights);
  const places = new Map([[nodule.id, place]]);
  const fieldsOf = batchFields(model, texts.data, { dataset, places });
  const fields = fieldsOf([{ nodule: nodule.id }], 1);
  const [scores] = await scorer.score({ hu, fields });
  if (scores === undefined) throw new RangeError('there are no scores');
  const ratings = attributeRatings(nodule, model.attributes);
  return model.attributes.map((attribute, m) => {
    const rating = at(ratings, m, 'ratings');
    return {
      attribute,
      score: at(scores, m, 'scores'),
      rating: Number.isNaN(rating) ? null : rating,
    };
  });
}
