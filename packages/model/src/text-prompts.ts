import type { PromptLearner } from '@clip-lung/ccp-prompt';
import {
  expectDistinctNames,
  initialContext,
  type Prompt,
  promptsFromTemplate,
  type TextTower,
} from '@clip-lung/text-encoder';
import { at, type NdArray } from '@clip-lung/tensor';

import { attributeTemplateFor } from './attribute-template.js';
import { within } from './checked-modules.js';
import {
  type PromptLearnerNeeds,
  promptLearners,
} from './modules/prompt-learners.js';
import type { Chosen } from './registry.js';

const templatePath = 'prompt.template';
const attributeTemplatePath = 'prompt.attributeTemplate';

/**
 * What the attributes' prompts take: the learner's context, or nothing: then they are the template's own words, the same
 * for all nodules and all the time.
 */
export type AttributePrompts = 'conditioned' | 'fixed';

export interface TextPromptsOptions {
  readonly tower: TextTower;
  /** a resolved prompt learner */
  readonly prompt: Chosen;
  /** K names, as the prompts call them */
  readonly classes: readonly string[];
  /** M names, as the prompts call them; none where no loss asks for attributes */
  readonly attributes: readonly string[];
  /** T */
  readonly contextLength: number;
  /** the prompt learners that there are; default: the built-in ones */
  readonly learners?: PromptLearners;
}

/** What makes a prompt learner of a name and its options. */
export interface PromptLearners {
  create(
    chosen: Chosen,
    needs: PromptLearnerNeeds,
    path: string,
  ): PromptLearner;
}

/** A prompt learner, and the prompts that take its context vectors. */
export interface TextPrompts {
  readonly learner: PromptLearner;
  /** [K] */
  readonly classes: readonly Prompt[];
  /** [M], or none */
  readonly attributes: readonly Prompt[];
  /** whether the attributes' prompts take context vectors */
  readonly attributesConditioned: boolean;
}

/**
 * Classes' and attributes' prompts share one context. Where every class has one of its own, the attributes share another,
 * which starts from their template's words.
 *
 * @throws `ExperimentError` with the path of the template or the names: when a template's first T tokens differ between
 *   names, when a name cannot stand where it is wanted, and when two names are the same tokens, and so the same text
 */
export function createTextPrompts({
  tower,
  prompt,
  classes,
  attributes: names,
  contextLength,
  learners = promptLearners,
}: TextPromptsOptions): TextPrompts {
  const template = String(prompt['template']);
  const attributeTemplate = attributeTemplateFor(
    tower,
    String(prompt['attributeTemplate']),
    contextLength,
  );
  const kind = (prompt['attributes'] ?? 'conditioned') as AttributePrompts;
  const withAttributes = names.length > 0;
  const conditioned = withAttributes && kind === 'conditioned';
  within('prompt.classNames', () => {
    expectDistinctNames(tower.tokenizer, classes);
  });
  within('prompt.attributeNames', () => {
    expectDistinctNames(tower.tokenizer, names);
  });
  const learner = learners.create(
    prompt,
    {
      initial: within(templatePath, () =>
        wordsOf(tower, template, classes, contextLength),
      ),
      attributes: conditioned
        ? within(attributeTemplatePath, () =>
            wordsOf(tower, attributeTemplate, names, contextLength),
          )
        : undefined,
      classes: classes.length,
      embedding: tower.config.embedding,
    },
    'prompt',
  );
  const { contexts, classPosition: position } = learner.layout ?? {
    contexts: 'shared',
    classPosition: 'end',
  };
  const ofClasses = within(templatePath, () =>
    promptsFromTemplate(tower, template, classes, contextLength, {
      contexts,
      position,
    }),
  );
  const own = contexts === 'class-specific';
  const ofAttributes = withAttributes
    ? within(attributeTemplatePath, () =>
        promptsFromTemplate(
          tower,
          attributeTemplate,
          names,
          conditioned ? contextLength : 0,
          conditioned
            ? { position, firstSlot: own ? classes.length * contextLength : 0 }
            : {},
        ),
      ).prompts
    : [];
  return {
    learner,
    classes: ofClasses.prompts,
    attributes: ofAttributes,
    attributesConditioned: conditioned,
  };
}

/** The embeddings of a template's first T tokens, with the first name in it. */
function wordsOf(
  tower: TextTower,
  template: string,
  names: readonly string[],
  contextLength: number,
): NdArray<'float32'> {
  return initialContext(
    tower,
    template.replace(/\{\w+\}/, () => at(names, 0, 'names')),
    contextLength,
  );
}
