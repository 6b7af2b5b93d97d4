import type { z } from 'zod';

import { ExperimentError, issueError, moduleError } from './errors.js';

/** A module that experiments can name: `{ use: 'resnet18', width: 32 }`. */
export interface Definition<
  Name extends string,
  Options extends z.ZodType,
  Needs,
  Made,
> {
  /** what `use` says */
  readonly name: Name;
  /** checks the options, without `use`, and fills in the defaults */
  readonly options: Options;
  create(options: z.output<Options>, needs: Needs): Made;
}

/** A module as an experiment names it: its options beside `use`. */
export type Choice<Name extends string, Options extends z.ZodType> = {
  readonly use: Name;
} & (string extends keyof z.input<Options>
  ? unknown // no options at all
  : Readonly<z.input<Options>>);

/** A module as a resolved experiment holds it: its name, and all its options. */
export interface Chosen {
  readonly use: string;
  readonly [option: string]: unknown;
}

/** The modules of one kind, by name. It never changes: adding a module makes another registry. */
export class Registry<Needs, Made, Known = never> {
  /** what an experiment may say of such a module; a type alone, see {@link ChoiceOf} */
  declare readonly choice: Known;
  readonly #definitions: ReadonlyMap<
    string,
    Definition<string, z.ZodType, Needs, Made>
  >;

  /** @throws {@link ExperimentError} for two of one name */
  constructor(
    /** what errors call such a module: `loss` */
    readonly kind: string,
    definitions: Iterable<Definition<string, z.ZodType, Needs, Made>> = [],
  ) {
    const known = new Map<string, Definition<string, z.ZodType, Needs, Made>>();
    for (const definition of definitions) {
      if (known.has(definition.name)) {
        throw new ExperimentError(
          '',
          `there are two modules of kind ${kind} named "${definition.name}"; give one another name`,
        );
      }
      known.set(definition.name, definition);
    }
    this.#definitions = known;
  }

  get names(): readonly string[] {
    return [...this.#definitions.keys()].sort();
  }

  /**
   * A registry with one more module.
   *
   * @throws {@link ExperimentError} when the name is taken
   */
  add<const Name extends string, Options extends z.ZodType>(
    definition: Definition<Name, Options, Needs, Made>,
  ): Registry<Needs, Made, Known | Choice<Name, Options>> {
    return new Registry(this.kind, [...this.#definitions.values(), definition]);
  }

  /**
   * Checks what an experiment says of a module, and fills in the defaults.
   *
   * @param path of the module in the experiment, for errors
   * @param elsewhere the paths of options that the experiment says in another place
   * @throws {@link ExperimentError} for an unknown module, with the known ones, and for options that do not fit it
   */
  resolve(
    { use, ...options }: Chosen,
    path: string,
    elsewhere: Readonly<Record<string, string>> = {},
  ): Chosen {
    const { options: schema } = this.#find(use, path);
    const found = schema.safeParse(options);
    if (found.success)
      return { use, ...(found.data as Record<string, unknown>) };
    const owner = `"${use}"`;
    throw issueError(found.error, { path, schema, owner, elsewhere });
  }

  /** Makes the module of a resolved experiment. @throws {@link ExperimentError} when it does not fit the others */
  create({ use, ...options }: Chosen, needs: Needs, path: string): Made {
    const definition = this.#find(use, path);
    try {
      return definition.create(options, needs);
    } catch (error) {
      throw moduleError(error, path, options);
    }
  }

  #find(use: string, path: string): Definition<string, z.ZodType, Needs, Made> {
    const definition = this.#definitions.get(use);
    if (definition !== undefined) return definition;
    throw new ExperimentError(
      `${path}.use`,
      `there is no ${this.kind} "${use}"; known: ${this.names.join(', ')}`,
    );
  }
}

/** What an experiment may say of the modules in a registry. */
export type ChoiceOf<R extends { readonly choice: unknown }> = R['choice'];
