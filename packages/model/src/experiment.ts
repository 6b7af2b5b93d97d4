import type { Subset, ValidationUnit } from '@clip-lung/lidc';

import type { AttributeSet } from './attribute-names.js';
import type { RatePer } from './learning-rate.js';
import type { builtInModules } from './modules.js';
import type { PluginEntry } from './plugin.js';
import type { PluginChoice } from './plugin-choice.js';
import type { PluginFile } from './plugin-file.js';
import type { PresetName } from './presets.js';
import type { Chosen, ChoiceOf } from './registry.js';

/** What a nodule's targets are: its one label, or the shares of its readers' votes. */
export type Targets = 'label' | 'votes';

type BuiltIn = typeof builtInModules;

export type ImageChoice = ChoiceOf<BuiltIn['image']>;
export type HeadChoice = ChoiceOf<BuiltIn['head']>;
export type TextChoice = ChoiceOf<BuiltIn['text']>;
export type PromptChoice = ChoiceOf<BuiltIn['prompt']>;
export type LossChoice = ChoiceOf<BuiltIn['loss']>;
export type OptimizerChoice = ChoiceOf<BuiltIn['optimizer']>;
export type AugmentationChoice = ChoiceOf<BuiltIn['augment']>;

/** s, by which similarities are multiplied: one over the temperature. */
export interface LogitScaleOptions {
  /** at the start; default 1 / 0.07, as CLIP's */
  readonly initial?: number;
  /** s stays at or below it; null for no bound */
  readonly max?: number | null;
  /** default true */
  readonly learn?: boolean;
}

export interface TrainingOptions {
  readonly epochs?: number;
  /** B; an epoch's last nodules that fill no batch are left for another epoch */
  readonly batchSize?: number;
  /** at the start of the cosine */
  readonly learningRate?: number;
  /** whether the rate falls along the cosine with every step, or once an epoch */
  readonly schedule?: { readonly per?: RatePer };
  /** of the optimiser, where it has one */
  readonly momentum?: number;
  /** of the optimiser, where it has one */
  readonly weightDecay?: number;
  /** decay of the moving average of the weights, which is what is evaluated; 0 for none */
  readonly ema?: number;
  /** begins the average with a smaller decay, min(ema, (1 + step) / (10 + step)) */
  readonly emaWarmup?: boolean;
  /** of initialisation, order and the validation part */
  readonly seed?: number;
}

/** An experiment as a researcher writes it. Everything that is left out has the preset's value. */
export interface Experiment<
  Plugins extends readonly PluginEntry[] = readonly [],
> {
  /** where the values that are left out come from; default `paper` */
  readonly preset?: PresetName;
  /** modules of your own: files, seen from this one, or what they export by default */
  readonly plugins?: Plugins;
  readonly data?: {
    readonly subset?: Subset;
    readonly folds?: number;
    /** the share of the training patients that chooses the best epoch */
    readonly validation?: number;
    /** what that share counts: patients, or, as before there was a choice, nodules */
    readonly validationBy?: ValidationUnit;
    /** default `label` */
    readonly targets?: Targets;
    /**
     * M: all that the dataset has (default); LIDC-IDRI's eight, or nine, with malignancy in front of them; or some of the
     * dataset's, by their names
     */
    readonly attributes?: AttributeSet;
  };
  readonly image?: (ImageChoice | PluginChoice<Plugins, 'image'>) & {
    /** D, where no text tower decides it; default 512 */
    readonly embedding?: number;
  };
  readonly head?: HeadChoice | PluginChoice<Plugins, 'head'>;
  /** needed by the losses that compare images with texts */
  readonly text?: (TextChoice | PluginChoice<Plugins, 'text'>) & {
    /** learn the tower with the rest, instead of keeping it as it is */
    readonly train?: boolean;
  };
  readonly prompt?: PromptChoice | PluginChoice<Plugins, 'prompt'>;
  readonly logitScale?: LogitScaleOptions;
  readonly losses?: readonly ((LossChoice | PluginChoice<Plugins, 'loss'>) & {
    /** the factor of this term in the total; default the preset's, and 1 for a loss that it does not have */
    readonly weight?: number;
  })[];
  readonly optimizer?: OptimizerChoice | PluginChoice<Plugins, 'optimizer'>;
  /** done to the crops of a training batch, in this order; default nothing */
  readonly augment?: readonly (
    | AugmentationChoice
    | PluginChoice<Plugins, 'augment'>
  )[];
  readonly training?: TrainingOptions;
}

/** An experiment with every default filled in: what is saved with a run, and enough to repeat it. */
export interface ResolvedExperiment {
  readonly preset: PresetName;
  /** plugins that came from files; those given as objects must be given again to repeat the run */
  readonly plugins: readonly PluginFile[];
  readonly data: {
    readonly subset: Subset;
    readonly folds: number;
    readonly validation: number;
    readonly validationBy: ValidationUnit;
    readonly targets: Targets;
    readonly attributes: AttributeSet;
  };
  readonly image: Chosen & { readonly embedding: number };
  readonly head: Chosen;
  /** null when no loss needs text */
  readonly text: (Chosen & { readonly train: boolean }) | null;
  readonly prompt: Chosen | null;
  readonly logitScale: Required<LogitScaleOptions>;
  readonly losses: readonly (Chosen & { readonly weight: number })[];
  readonly optimizer: Chosen;
  readonly augment: readonly Chosen[];
  readonly training: {
    readonly epochs: number;
    readonly batchSize: number;
    readonly learningRate: number;
    readonly schedule: { readonly per: RatePer };
    readonly ema: number;
    readonly emaWarmup: boolean;
    readonly seed: number;
  };
}

/** Gives an experiment its type, the names and options of its plugins among it. {@link resolveExperiment} checks it. */
export function defineExperiment<
  const Plugins extends readonly PluginEntry[] = readonly [],
>(experiment: Experiment<Plugins>): Experiment<Plugins> {
  return experiment;
}
