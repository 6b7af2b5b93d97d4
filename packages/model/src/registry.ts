import { z } from 'zod';

import { ExperimentError } from './errors.js';

/** A module that experiments can name: `{ use: 'resnet18', width: 32 }`. */
export interface Definition<Options, Needs, Made> {
  /** what `use` says */
  readonly name: string;
  /** checks the options, without `use`, and fills in the defaults */
  readonly options: z.ZodType<Options>;
  create(options: Options, needs: Needs): Made;
}

/** A module as a resolved experiment holds it: its name, and all its options. */
export interface Chosen {
  readonly use: string;
  readonly [option: string]: unknown;
}

/** The modules of one kind, by name. */
export class Registry<Needs, Made> {
  readonly #definitions = new Map<string, Definition<unknown, Needs, Made>>();

  constructor(
    /** what errors call such a module: `loss` */
    readonly kind: string,
  ) {}

  get names(): readonly string[] {
    return [...this.#definitions.keys()].sort();
  }

  /** @throws {@link ExperimentError} when the name is taken */
  add<Options>(definition: Definition<Options, Needs, Made>): this {
    if (this.#definitions.has(definition.name)) {
      throw new ExperimentError(
        '',
        `there are two modules of kind ${this.kind} named "${definition.name}"`,
      );
    }
    this.#definitions.set(definition.name, definition);
    return this;
  }

  /**
   * Checks what an experiment says of a module, and fills in the defaults.
   *
   * @param path of the module in the experiment, for errors
   * @throws {@link ExperimentError} for an unknown module, with the known ones, and for options that do not fit it
   */
  resolve({ use, ...options }: Chosen, path: string): Chosen {
    const found = this.#find(use, path).options.safeParse(options);
    if (found.success)
      return { use, ...(found.data as Record<string, unknown>) };
    throw issueError(found.error, path);
  }

  /** Makes the module of a resolved experiment. @throws {@link ExperimentError} when it does not fit the others */
  create({ use, ...options }: Chosen, needs: Needs, path: string): Made {
    const definition = this.#find(use, path);
    try {
      return definition.create(options, needs);
    } catch (error) {
      if (error instanceof ExperimentError || !(error instanceof Error))
        throw error;
      throw new ExperimentError(path, error.message, { cause: error });
    }
  }

  #find(use: string, path: string): Definition<unknown, Needs, Made> {
    const definition = this.#definitions.get(use);
    if (definition !== undefined) return definition;
    throw new ExperimentError(
      `${path}.use`,
      `there is no ${this.kind} "${use}"; known: ${this.names.join(', ')}`,
    );
  }
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
