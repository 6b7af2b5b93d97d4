import type { Hosted } from '@clip-lung/engine';
import type { Weights } from '@clip-lung/inference';
import { rankCorrelation } from '@clip-lung/metrics';
import type { Model } from '@clip-lung/model';
import {
  at,
  leaves,
  mapTree,
  type NdArray,
  RandomStream,
  type Tree,
} from '@clip-lung/tensor';

import type { ExplainedCases, Explainer } from './explainer.js';

/** How a map changes as weights are made random. */
export interface RandomisedStage {
  /** what was made random last: `head`, `reduce`, `layer4` … */
  readonly name: string;
  /** of each crop's raw map with that of the trained weights, Spearman's −1..1; null where one of them is even, [B] */
  readonly rankCorrelations: readonly (number | null)[];
}

/**
 * The sanity check by cascading randomisation: from the head down, the weights of one stage after the other are drawn anew, as before
 * training, with running statistics as before it, too. A map that stays the same does not show what was learnt.
 *
 * @param weights trained
 * @returns a stage for each branch of the parameters that classify, the head first
 * @see Adebayo et al. 2018 (arXiv 1810.03292), §3.1
 */
export async function checkByRandomisation(
  explainer: Explainer,
  model: Model,
  {
    weights,
    cases,
    seed = 0,
  }: {
    readonly weights: Hosted<Weights>;
    readonly cases: ExplainedCases;
    /** of what is drawn */
    readonly seed?: number;
  },
): Promise<readonly RandomisedStage[]> {
  const before = await explainer.explain(weights, cases);
  const start = model.init(new RandomStream(seed, 'randomisation'));
  const fresh = new Map(leaves<NdArray>(start));
  const stages = stagesOf([...fresh.keys()]);
  const found: RandomisedStage[] = [];
  for (const [i, name] of stages.entries()) {
    const random = new Set(stages.slice(0, i + 1));
    const changed = mapTree<Tree<NdArray>, NdArray, NdArray>(
      weights,
      (trained, path) => {
        const stage = stageOf(path);
        if (stage === undefined || !random.has(stage)) return trained;
        const drawn = fresh.get(path);
        if (drawn !== undefined) return drawn;
        throw new RangeError(`the model has no weight "${path}"`);
      },
    ) as unknown as Hosted<Weights>;
    const after = await explainer.explain(changed, cases);
    found.push({
      name,
      rankCorrelations: before.map(
        ({ map }, j) =>
          rankCorrelation(map.raw.data, at(after, j, 'maps').map.raw.data) ??
          null,
      ),
    });
  }
  return found;
}

/** From the head down, in the reverse of the order in which the encoder lists its weights. */
function stagesOf(paths: readonly string[]): readonly string[] {
  const all = paths
    .filter((path) => path.startsWith('params.'))
    .map(stageOf)
    .filter((stage) => stage !== undefined);
  const encoder = [...new Set(all)].filter((stage) => stage !== 'head');
  return ['head', ...encoder.reverse()];
}

/** Of `params.head.fc.weight`, the head; of `params.image.layer4.0.conv1.weight` and its statistics, `layer4`. */
function stageOf(path: string): string | undefined {
  if (path.startsWith('params.head.')) return 'head';
  return /^(?:params\.image|statistics)\.([^.]+)/.exec(path)?.[1];
}
