import { namesOfAttributes } from './attribute-names.js';

/** What runs did before `training` could say so. */
const laterTraining = {
  accumulate: 1,
  clipNorm: null,
  best: 'accuracy',
  patience: null,
  checkpointSteps: null,
};

type Fields = Readonly<Record<string, unknown>>;

/**
 * The experiment of a run's record, with the fields that came later: each has the value that runs had before there was a
 * choice, whatever is the default now. So an older run is made again, and goes on, as what it was.
 */
export function asRecorded(experiment: Fields): Fields {
  const data = fieldsOf(experiment['data']);
  const prompt = fieldsOf(experiment['prompt']);
  const training = fieldsOf(experiment['training']);
  return {
    ...experiment,
    ...(data && {
      data: { validationBy: 'nodules', sampling: 'shuffled', ...data },
    }),
    ...(prompt && {
      prompt: {
        attributeNames: namesOfAttributes(
          data?.['attributes'] === 'nine' ? 'nine' : 'eight',
        ),
        ...prompt,
      },
    }),
    ...(training && {
      training: {
        ...laterTraining,
        ...training,
        schedule: scheduleOf(fieldsOf(training['schedule'])),
      },
    }),
  };
}

/** There was the cosine alone, first with every step, then with a choice. */
function scheduleOf(schedule: Fields = {}): Fields {
  return 'use' in schedule
    ? schedule
    : { use: 'cosine', per: 'step', final: 0, warmup: 0, ...schedule };
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : undefined;
}
