import { attributeRatings } from '@clip-lung/data';
import { type Engine, type Hosted, onnxEngine } from '@clip-lung/engine';
import type { Weights } from '@clip-lung/inference';
import { batchCrops, batchFields } from '@clip-lung/inference/node';
import { bootstrapInterval, type Interval } from '@clip-lung/metrics';
import { foldPaths, type PredictionRow, readPredictions } from '@clip-lung/run';
import { at, RandomStream } from '@clip-lung/tensor';

import {
  attributeAgreement,
  type AttributeAgreement,
} from '../attribute-agreement.js';
import { createAttributeScorer } from '../attribute-scores.js';
import type { ExplainedCases, Explainer, Explanation } from '../explainer.js';
import { heatShare, sphereMask } from '../heat-share.js';
import {
  learntContexts,
  nearestTokens,
  type NearToken,
} from '../nearest-tokens.js';
import { checkByRandomisation } from '../randomisation.js';
import { classOf, explainerOf, type ExplainerChoice } from './explainer-of.js';
import { maskOf, type NoduleMask } from './nodule-mask.js';
import type { ExplainedRun } from './open-explained-run.js';

export interface ExplainFoldOptions extends ExplainerChoice {
  /** that is explained, by name; default each nodule's most probable */
  readonly class?: string | undefined;
  /** of the untrained model, of randomised weights, and of the intervals; default 0 */
  readonly seed?: number | undefined;
  /** test nodules that weights are randomised for, the first; default 16 */
  readonly checked?: number | undefined;
  /** stops between two batches */
  readonly signal: AbortSignal;
}

/** The mean share of heat inside a mask, over nodules that have any heat. */
export interface MeanHeatShare {
  /** null where no map has heat */
  readonly mean: number | null;
  /** 95 %, by drawing patients again; null with fewer than two */
  readonly interval: Interval | null;
  /** with heat */
  readonly nodules: number;
  readonly patients: number;
}

export interface FoldHeat {
  readonly mask: NoduleMask;
  readonly trained: MeanHeatShare;
  readonly untrained: MeanHeatShare;
  /** what heat that lies evenly would have */
  readonly even: number;
}

/** How maps go with those of trained weights once a stage and all above it are random. */
export interface CheckedStage {
  readonly name: string;
  /** mean of Spearman's; null where no map has any */
  readonly meanRankCorrelation: number | null;
  /** that have one */
  readonly nodules: number;
}

export interface ExplainedFold {
  readonly method: string;
  /** tested by the fold */
  readonly nodules: number;
  /** undefined where the dataset does not say how large crops are in diameters */
  readonly heat: FoldHeat | undefined;
  readonly randomised: readonly CheckedStage[];
  /** undefined where the run was opened without texts, or compares no attributes */
  readonly attributes: readonly AttributeAgreement[] | undefined;
  /** of each learnt context vector, by the name of its parameter; undefined without texts */
  readonly contexts:
    | readonly {
        readonly name: string;
        readonly nearest: readonly (readonly NearToken[])[];
      }[]
    | undefined;
}

/**
 * Explains a trained fold over the nodules that it was tested with.
 *
 * @throws `ExplanationRequestError` for a class, method or layer that is not there; `MissingRunFileError` for a fold that has not
 *   been tested; `InconsistentRunError` for a nodule that the dataset does not have
 */
export async function explainFold(
  run: ExplainedRun,
  options: ExplainFoldOptions,
): Promise<ExplainedFold> {
  const { folder, fold, model, weights, texts } = run;
  const { class: name, seed = 0, checked = 16, signal } = options;
  const wanted = name === undefined ? undefined : classOf(run, name);
  const { rows } = await readPredictions(foldPaths(folder, fold));
  const engine = onnxEngine();
  try {
    const explainer = explainerOf(engine, model, options);
    const sample = rows.slice(0, checked);
    const cases = casesOf(run, sample, wanted, sample.length);
    const stages = await checkByRandomisation(explainer, model, {
      ...{ weights, cases, seed },
    });
    signal.throwIfAborted();
    const start = model.init(new RandomStream(seed, 'untrained'));
    const explained = { rows, wanted, signal };
    return {
      method: explainer.name,
      nodules: rows.length,
      heat: await heatOf(run, explainer, { ...explained, start, seed }),
      randomised: stages.map(({ name: stage, rankCorrelations }) => {
        const known = rankCorrelations.filter((value) => value !== null);
        return {
          name: stage,
          meanRankCorrelation: meanOf(known),
          nodules: known.length,
        };
      }),
      attributes: await agreementOf(engine, run, { rows, signal }),
      contexts:
        texts &&
        learntContexts(branchOf(weights, 'prompt')).map(([path, vectors]) => ({
          name: path,
          nearest: nearestTokens(texts.tower, vectors),
        })),
    };
  } finally {
    await engine.dispose();
  }
}

const batchSize = 16;

function casesOf(
  { dataset }: ExplainedRun,
  rows: readonly PredictionRow[],
  wanted: number | undefined,
  size: number,
): ExplainedCases {
  const places = placesOf(dataset);
  return {
    hu: batchCrops(rows, { dataset, places, batchSize: size }),
    // Filled up as the crops are.
    classes: Array.from(
      { length: size },
      (_, i) => wanted ?? (rows[i] ?? at(rows, 0)).prediction,
    ),
  };
}

function placesOf({
  nodules,
}: Pick<ExplainedRun['dataset'], 'nodules'>): ReadonlyMap<string, number> {
  return new Map(nodules.map(({ id }, place) => [id, place]));
}

async function heatOf(
  run: ExplainedRun,
  explainer: Explainer,
  {
    rows,
    wanted,
    start,
    seed,
    signal,
  }: {
    readonly rows: readonly PredictionRow[];
    readonly wanted: number | undefined;
    readonly start: Hosted<Weights>;
    readonly seed: number;
    readonly signal: AbortSignal;
  },
): Promise<FoldHeat | undefined> {
  const mask = maskOf(run.dataset);
  if (mask === undefined) return undefined;
  const sphere = sphereMask(run.model.cropSize, mask.radius);
  const sharesOf = async (weights: Hosted<Weights>) => {
    const found: Explanation[] = [];
    for (let from = 0; from < rows.length; from += batchSize) {
      signal.throwIfAborted();
      const batch = rows.slice(from, from + batchSize);
      const cases = casesOf(run, batch, wanted, batchSize);
      const maps = await explainer.explain(weights, cases);
      found.push(...maps.slice(0, batch.length));
    }
    return found.map(({ map }) => heatShare(map, sphere));
  };
  const patients = rows.map(({ patient }) => patient);
  const [trained, untrained] = [
    await sharesOf(run.weights),
    await sharesOf(start),
  ];
  const mean = (shares: typeof trained) =>
    meanShare(
      shares.map(({ share }) => share),
      patients,
      seed,
    );
  return {
    mask,
    trained: await mean(trained),
    untrained: await mean(untrained),
    even: at(trained, 0, 'maps').even,
  };
}

async function meanShare(
  shares: readonly (number | null)[],
  patients: readonly string[],
  seed: number,
): Promise<MeanHeatShare> {
  const known = shares.flatMap((share, i) =>
    share === null ? [] : [{ share, patient: at(patients, i) }],
  );
  const values = known.map(({ share }) => share);
  const groups = known.map(({ patient }) => patient);
  const count = new Set(groups).size;
  const random = new RandomStream(seed, 'intervals');
  return {
    mean: meanOf(values),
    interval:
      count < 2
        ? null
        : await bootstrapInterval({
            groups,
            values: [values, values.map(() => 1)],
            statistic: ([sum = NaN, all = NaN]) => sum / all,
            random: () => random.uniform(0, 1),
          }),
    nodules: values.length,
    patients: count,
  };
}

async function agreementOf(
  engine: Engine,
  { model, weights, dataset, texts }: ExplainedRun,
  {
    rows,
    signal,
  }: {
    readonly rows: readonly PredictionRow[];
    readonly signal: AbortSignal;
  },
): Promise<readonly AttributeAgreement[] | undefined> {
  if (texts === undefined || model.attributeScores === undefined) {
    return undefined;
  }
  const places = placesOf(dataset);
  const fieldsOf = batchFields(model, texts.data, { dataset, places });
  const scorer = createAttributeScorer(engine, model, weights);
  const scores: (readonly number[])[] = [];
  for (let from = 0; from < rows.length; from += batchSize) {
    signal.throwIfAborted();
    const batch = rows.slice(from, from + batchSize);
    const hu = batchCrops(batch, { dataset, places, batchSize });
    const fields = fieldsOf(batch, batchSize);
    const found = await scorer.score({ hu, fields });
    scores.push(...found.slice(0, batch.length));
  }
  const ratings = rows.map(({ nodule }) => {
    const place = places.get(nodule);
    if (place === undefined) {
      throw new RangeError(`the dataset has no nodule ${nodule}`);
    }
    return attributeRatings(at(dataset.nodules, place), model.attributes);
  });
  return attributeAgreement(model.attributes, scores, ratings);
}

function branchOf(
  { params }: Hosted<Weights>,
  name: string,
): Parameters<typeof learntContexts>[0] {
  const branches = params as Readonly<
    Record<string, Parameters<typeof learntContexts>[0]>
  >;
  return branches[name] ?? {};
}

function meanOf(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
