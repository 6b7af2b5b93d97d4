import { ClipLungError, OptionShapeError } from '@clip-lung/tensor';
import type { z } from 'zod';

/** An experiment that cannot be run. The message names the field by its path: `losses[2].weight`. */
export class ExperimentError extends ClipLungError {
  readonly code = 'experiment';

  constructor(
    /** where in the experiment, `training.epochs`; empty for the experiment as a whole */
    readonly path: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(path === '' ? problem : `${path}: ${problem}`, options);
  }
}

/**
 * What a module threw, as an error that names the field: the option that is wrong, where the module says which, else the
 * module.
 *
 * @param path of the module, `image`
 * @param options those that the experiment gives it
 */
export function moduleError(
  thrown: unknown,
  path: string,
  options: Readonly<Record<string, unknown>> = {},
): ExperimentError {
  if (thrown instanceof ExperimentError) return thrown;
  if (
    thrown instanceof OptionShapeError &&
    Object.hasOwn(options, thrown.option)
  ) {
    const field = `${path}.${thrown.option}`;
    return new ExperimentError(field, thrown.problem, { cause: thrown });
  }
  const problem = thrown instanceof Error ? thrown.message : String(thrown);
  return new ExperimentError(path, problem, { cause: thrown });
}

/** zod's first issue as an error that names the field. */
export function issueError(error: z.ZodError, path = ''): ExperimentError {
  const [issue] = error.issues;
  const field = (issue?.path ?? []).reduce<string>(
    (text, key) =>
      typeof key === 'number'
        ? `${text}[${key}]`
        : text === ''
          ? String(key)
          : `${text}.${String(key)}`,
    path,
  );
  return new ExperimentError(field, issue?.message ?? error.message, {
    cause: error,
  });
}
