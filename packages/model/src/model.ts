import type {
  EncoderLayer,
  ImageFeatures,
  LayerHook,
} from '@clip-lung/image-encoder';
import { keyOfField } from '@clip-lung/lidc';
import type { Loss, LossInputs, LossSizes } from '@clip-lung/losses';
import type { NdArray, RandomStream, Tree } from '@clip-lung/tensor';
import type { TextTower } from '@clip-lung/text-encoder';
import * as tf from '@tensorflow/tfjs-core';

import { attributesIn, wordsFor } from './attribute-names.js';
import {
  checkedHead,
  checkedLoss,
  expectShape,
  within,
} from './checked-modules.js';
import { createImageEncoder } from './create-image-encoder.js';
import { ExperimentError } from './errors.js';
import type { ResolvedExperiment } from './experiment.js';
import { logitScaleOf } from './logit-scale.js';
import { builtInModules, type Modules } from './modules.js';
import { needsText } from './needs.js';
import type { Chosen } from './registry.js';
import { fieldsOf, isOfStep, type StepField } from './step-fields.js';
import { createTextBranch, type TextBranch } from './text-branch.js';
import { textLogits } from './text-logits.js';

type Host = Tree<NdArray<'float32'>>;
type Tensors = Tree<tf.Tensor>;

/** Everything that is learned: `image`, `head`, and with text `prompt`, `logit_scale`, and `text` where the tower is trained. */
export interface ModelParams {
  readonly image: Tensors;
  readonly head: Tensors;
  readonly prompt: Tensors;
  readonly text?: Tensors;
  readonly logit_scale?: tf.Tensor;
  /** of the losses that have parameters of their own, by their names */
  readonly losses?: Tensors;
}

/** One batch of B nodules. */
export interface Batch {
  /** crops scaled to 0..1, [B, slices, 32, 32] */
  readonly images: tf.Tensor;
  /** what is true of each nodule, each row adds up to 1; a label is a row with a single 1, [B, K] */
  readonly targets: tf.Tensor;
  /** [B, M] */
  readonly attributeWeights: tf.Tensor;
  /** nodules of each class among those that are learnt from, [K] */
  readonly classCounts: tf.Tensor;
  /** {@link Model.fields} by their names; default none */
  readonly fields?: Readonly<Record<string, tf.Tensor>>;
}

export interface LossResult {
  /** the weighted sum of the terms, scalar */
  readonly total: tf.Scalar;
  /** each term before its weight, by the name that the experiment gives it, scalars */
  readonly terms: Readonly<Record<string, tf.Scalar>>;
  /** [B, K] */
  readonly logits: tf.Tensor2D;
  /** batch-norm statistics after this batch */
  readonly statistics: Tensors;
}

/** A layer whose output {@link Model.predict} shows to a hook. */
export interface ModelLayer extends EncoderLayer {
  /** rows and columns of the maps that its own are a view of, several in each, one after another; absent where they are none */
  readonly grid?: readonly [rows: number, columns: number];
}

/** The whole of CLIP-Lung, or of a baseline, as pure functions over trees. */
export interface Model {
  /** K names, in the order of the logits */
  readonly classes: readonly string[];
  /** M names, in the order of a batch's attribute weights */
  readonly attributes: readonly string[];
  /** what its losses and its prompt learner want to know besides */
  readonly fields: readonly StepField[];
  /** those of {@link fields} that {@link predictByTexts} is given */
  readonly textFields: readonly StepField[];
  /** constants of a training step, the text tower's weights among them unless it is trained */
  readonly frozen: Host;
  /** crops have as many slices, and slices as many rows and columns */
  readonly cropSize: number;
  /** those of the image encoder, and last `features`, the G×8×8 maps that the head is given */
  readonly layers: readonly ModelLayer[];
  init(random: RandomStream): {
    readonly params: Host;
    readonly statistics: Host;
  };
  /** The training objective of a batch. */
  loss(
    params: ModelParams,
    statistics: Tensors,
    batch: Batch,
    frozen: Tensors,
  ): LossResult;
  /**
   * What inference runs: the image encoder and the head, no text.
   *
   * @param images [B, slices, 32, 32], 0..1
   * @param hook called after each of {@link layers}
   * @returns logits, [B, K]
   */
  predict(
    params: Pick<ModelParams, 'image' | 'head'>,
    statistics: Tensors,
    images: tf.Tensor,
    hook?: LayerHook,
  ): tf.Tensor2D;
  /**
   * Classifies by the classes' texts instead of the head: a class's logit is the mean over a nodule's groups of their scaled
   * cosine with its text. Undefined for a model without text.
   *
   * @param images [B, slices, 32, 32], 0..1
   * @param frozen {@link Model.frozen} as tensors
   * @param fields {@link Model.textFields} by their names; default none
   * @returns logits, [B, K]
   */
  readonly predictByTexts:
    | ((
        params: ModelParams,
        statistics: Tensors,
        images: tf.Tensor,
        frozen: Tensors,
        fields?: Readonly<Record<string, tf.Tensor>>,
      ) => tf.Tensor2D)
    | undefined;
  /**
   * How near a nodule is to the text of each attribute: the mean over its groups of their cosine. Undefined for a model of which no
   * loss compares attributes.
   *
   * @param images [B, slices, 32, 32], 0..1
   * @param frozen {@link Model.frozen} as tensors
   * @param fields {@link Model.textFields} by their names; default none
   * @returns −1..1, [B, M]
   */
  readonly attributeScores:
    | ((
        params: ModelParams,
        statistics: Tensors,
        images: tf.Tensor,
        frozen: Tensors,
        fields?: Readonly<Record<string, tf.Tensor>>,
      ) => tf.Tensor2D)
    | undefined;
}

export interface ModelOptions {
  /** those that the experiment was resolved with; default the built-in ones */
  readonly modules?: Modules | undefined;
  /** K names */
  readonly classes: readonly string[];
  /** whether the classes are degrees of one thing, in their order, as LIDC-IDRI's are; default true */
  readonly ordered?: boolean;
  /** null for an experiment without text */
  readonly tower: TextTower | null;
}

/**
 * Composes the modules that an experiment names.
 *
 * @throws {@link ExperimentError} with the path of a module that does not fit the others; what a module's functions give
 *   is checked when they are called, which an engine does before the first step
 */
export function createModel(
  experiment: ResolvedExperiment,
  options: ModelOptions,
): Model {
  const { modules = builtInModules, classes, tower } = options;
  const { ordered = true } = options;
  const attributes = attributesIn(experiment.data.attributes);
  const embedding = tower?.config.embedding ?? experiment.image.embedding;
  const image = { ...experiment.image, embedding };
  const encoder = createImageEncoder(image, modules);
  const { groups, channels, slices } = encoder.sizes;
  const madeHead = modules.head.create(
    experiment.head,
    { classes: classes.length, channels },
    'head',
  );
  if (madeHead.needsOrder && !ordered) {
    refuseUnordered('head', experiment.head.use, classes);
  }
  const head = checkedHead(madeHead, classes.length, 'head');
  const terms = experiment.losses.map(({ weight, ...loss }, i) => {
    const path = `losses[${i}]`;
    const made = modules.loss.create(loss, {}, path);
    if (made.needs.includes('ordered-classes') && !ordered) {
      refuseUnordered(path, loss.use, classes);
    }
    const learns = made.init !== undefined;
    if (learns && loss.use.includes('.')) {
      throw new ExperimentError(
        path,
        `"${loss.use}" has parameters, whose paths are divided at dots; give it a name without any`,
      );
    }
    return {
      name: loss.use,
      weight,
      path,
      learns,
      loss: checkedLoss(made, path, loss),
    };
  });
  const sizes: LossSizes = {
    classes: classes.length,
    attributes: attributes.length,
    groups,
    embedding,
  };
  const text = textOf(experiment, {
    modules,
    classes,
    tower,
    losses: terms.map(({ loss }) => loss),
    attributes,
    groups,
  });
  const ofText = text?.fields ?? {};
  const fields = fieldsOf([
    { path: 'prompt', asked: ofText },
    ...terms.map(({ path, loss }) => ({ path, asked: loss.fields ?? {} })),
  ]);
  const textFields = fieldsOf([{ path: 'prompt', asked: ofText }]).all;
  expectNoneOfStep(textFields);
  const scale = logitScaleOf(experiment.logitScale);
  const seenBy = (
    { image }: Pick<ModelParams, 'image'>,
    statistics: Tensors,
    images: tf.Tensor,
    hook?: LayerHook,
  ): ImageFeatures =>
    encoder.apply(image, statistics, images as tf.Tensor4D, {
      training: false,
      hook,
    });
  const { layers = [], featureGrid } = encoder;
  const comparesAttributes = terms.some(({ loss }) =>
    loss.needs.includes('attributes'),
  );

  return {
    classes,
    attributes,
    fields: fields.all,
    textFields,
    frozen: text?.frozen ?? {},
    cropSize: slices,
    layers: [
      ...layers,
      {
        name: featuresLayer,
        axes: ['y', 'x'],
        ...(featureGrid && { grid: featureGrid }),
      },
    ],
    init(random) {
      const start = encoder.init(random.stream('image'));
      const own = terms
        .filter(({ learns }) => learns)
        .map(({ name, loss }) => [
          name,
          loss.init?.(random.stream('losses').stream(name), sizes) ?? {},
        ]);
      return {
        params: {
          image: start.params,
          head: head.init(random.stream('head')),
          prompt: text?.init(random.stream('prompt')) ?? {},
          text: text?.trained ?? {},
          ...(text === undefined ? {} : scale.init()),
          ...(own.length === 0
            ? {}
            : { losses: Object.fromEntries(own) as Host }),
        },
        statistics: start.statistics,
      };
    },
    loss(params, statistics, batch, frozen) {
      const seen = encoder.apply(
        params.image,
        statistics,
        batch.images as tf.Tensor4D,
        { training: true },
      );
      const inputs: LossInputs = {
        logits: head.apply(params.head, seen.features),
        targets: batch.targets as tf.Tensor2D,
        groups: seen.groups,
        attributeWeights: batch.attributeWeights as tf.Tensor2D,
        classCounts: batch.classCounts as tf.Tensor1D,
        ...(text === undefined
          ? {}
          : {
              ...text.apply(
                params,
                frozen,
                seen.groups,
                fields.of(ofText, batch.fields ?? {}),
              ),
              scale: scale.apply(params),
            }),
      };
      const given = batch.fields ?? {};
      const values = terms.map(({ name, loss }) =>
        loss.compute(
          { ...inputs, fields: fields.of(loss.fields ?? {}, given) },
          branchOf(params.losses ?? {}, name),
        ),
      );
      return {
        total: terms
          .map(({ weight }, i) => tf.mul(values[i] as tf.Scalar, weight))
          .reduce((sum, term) => tf.add<tf.Scalar>(sum, term)) as tf.Scalar,
        terms: Object.fromEntries(
          terms.map(({ name }, i) => [name, values[i] as tf.Scalar]),
        ),
        logits: inputs.logits,
        statistics: seen.statistics,
      };
    },
    predict(params, statistics, images, hook) {
      const { features } = seenBy(params, statistics, images, hook);
      return head.apply(
        params.head,
        hook === undefined ? features : hooked(features, hook),
      );
    },
    predictByTexts:
      text === undefined
        ? undefined
        : (params, statistics, images, frozen, given = {}) => {
            const { groups } = seenBy(params, statistics, images);
            const { classes } = text.apply(
              params,
              frozen,
              groups,
              fields.of(ofText, given),
            );
            return textLogits(groups, classes, scale.apply(params));
          },
    attributeScores:
      text === undefined || !comparesAttributes
        ? undefined
        : (params, statistics, images, frozen, given = {}) => {
            const { groups } = seenBy(params, statistics, images);
            const { attributes: texts } = text.apply(
              params,
              frozen,
              groups,
              fields.of(ofText, given),
            );
            if (texts === undefined) {
              throw new TypeError('the attributes have no texts');
            }
            return textLogits(groups, texts, tf.scalar(1));
          },
  };
}

const featuresLayer = 'features';

/** Feature maps, [B, G, 8, 8], as a hook leaves them. */
function hooked(features: tf.Tensor4D, hook: LayerHook): tf.Tensor4D {
  const output = hook(featuresLayer, tf.transpose(features, [0, 2, 3, 1]));
  return tf.transpose(output as tf.Tensor4D, [0, 3, 1, 2]);
}

/** The text's part of a model; undefined where no loss needs text. */
function textOf(
  { text, prompt }: ResolvedExperiment,
  {
    modules,
    classes,
    tower,
    losses,
    attributes,
    groups,
  }: {
    readonly modules: Modules;
    readonly classes: readonly string[];
    readonly tower: TextTower | null;
    readonly losses: readonly Loss[];
    readonly attributes: readonly string[];
    readonly groups: number;
  },
): TextBranch | undefined {
  if (!losses.some(needsText)) return undefined;
  if (tower === null || prompt === null) {
    throw new ExperimentError(
      'text',
      'the losses need a text tower, and there is none',
    );
  }
  const names = namesIn(prompt, 'classNames') ?? classes;
  expectOneEach('prompt.classNames', names, {
    owner: 'the data',
    things: classes,
    kind: 'classes',
  });
  const attributeNames =
    namesIn(prompt, 'attributeNames') ?? wordsFor(attributes);
  expectOneEach('prompt.attributeNames', attributeNames, {
    owner: 'data.attributes',
    things: attributes,
    kind: 'attributes',
  });
  const compared = losses.some(({ needs }) => needs.includes('attributes'));
  const branch = within('prompt', () =>
    createTextBranch({
      tower,
      learners: modules.prompt,
      prompt,
      classes: names,
      attributes: compared ? attributeNames : [],
      contextLength: groups,
      trainTower: text?.train ?? false,
    }),
  );
  return {
    ...branch,
    init: (random) => within('prompt', () => branch.init(random)),
    apply(params, frozen, features, fields) {
      const found = within('prompt', () =>
        branch.apply(params, frozen, features, fields),
      );
      const [batch, , embedding] = features.shape;
      const expected = (count: number) => [[batch, 1], count, embedding];
      expectShape(
        'prompt',
        'class features',
        found.classes,
        expected(names.length),
      );
      return found;
    },
  };
}

function refuseUnordered(
  path: string,
  use: string,
  classes: readonly string[],
): never {
  throw new ExperimentError(
    path,
    `"${use}" is for classes that have an order, and the dataset's (${classes.join(', ')}) have none; use another, or prepare the dataset again with its classes in order (--classes, --ordered)`,
  );
}

/** What a tree has under a name; an empty tree where that is nothing. */
function branchOf(tree: Tensors, name: string): Tensors {
  const branches = tree as Readonly<Record<string, Tensors>>;
  return branches[name] ?? {};
}

/** @throws {@link ExperimentError} for prompts that would be made of what there is in training alone */
function expectNoneOfStep(fields: readonly StepField[]): void {
  const [first] = fields.filter(isOfStep);
  if (first === undefined) return;
  throw new ExperimentError(
    'prompt',
    `asks for ${keyOfField(first.field)}, which exists in training alone, but prompts are also made after it; ask for a field of the nodules`,
  );
}

/** What the prompts call classes or attributes, where the experiment says so. */
function namesIn(
  prompt: Chosen,
  option: 'classNames' | 'attributeNames',
): readonly string[] | null {
  return (prompt[option] ?? null) as readonly string[] | null;
}

function expectOneEach(
  path: string,
  names: readonly string[],
  {
    owner,
    things,
    kind,
  }: {
    readonly owner: string;
    readonly things: readonly string[];
    readonly kind: string;
  },
): void {
  if (names.length === things.length) return;
  throw new ExperimentError(
    path,
    `has ${names.length} names (${names.join(', ')}), ${owner} has ${things.length} ${kind} (${things.join(', ')}): each needs a prompt`,
  );
}
