import { z } from 'zod';

/**
 * A plugin, as a run remembers it: its own file, every local file that this imports, directly or not, and the packages that
 * they import. Paths are seen from {@link folder} and have slashes on every system, so of the same files the rest of the
 * record is the same wherever they lie.
 */
export interface PluginFile {
  /** of the experiment that named the plugin, absolute */
  readonly folder: string;
  /** the plugin's own, by its path */
  readonly file: string;
  /** hexadecimal SHA-256 of the plugin's own file and of every file that it imports, by their paths, in order */
  readonly files: Readonly<Record<string, string>>;
  /** versions of the npm packages that these import, by name, in order; empty where a package says none */
  readonly packages: Readonly<Record<string, string>>;
  /** what the plugin's file exports: who needs none of it need not run it. Absent where a record does not say yet */
  readonly modules?: readonly PluginModule[] | undefined;
  /**
   * where the run keeps these files: what {@link folder} is there, seen from the run's own folder, with slashes,
   * `plugins/2c26b46b68ffc68f/experiments`. Absent in records of runs that keep none
   */
  readonly kept?: string | undefined;
}

/** A module that a plugin defines, as experiments name it. */
export interface PluginModule {
  /** `loss`, one of the kinds of modules */
  readonly kind: string;
  readonly name: string;
}

/** The record of a plugin. */
export const pluginFile = z.strictObject(
  {
    folder: z.string().min(1),
    file: z.string().min(1),
    files: z.record(
      z.string().min(1),
      z
        .string()
        .regex(/^[0-9a-f]{64}$/, 'expected a SHA-256, 64 hexadecimal digits'),
    ),
    packages: z.record(z.string().min(1), z.string()),
    modules: z
      .array(z.strictObject({ kind: z.string(), name: z.string() }))
      .optional(),
    kept: z
      .string()
      .regex(
        /^plugins\/[0-9a-f]{16}(\/(?!\.{1,2}(\/|$))[^/\\\0]+)*$/,
        "expected a place in the run's own folder, such as plugins/2c26b46b68ffc68f",
      )
      .optional(),
  },
  'expected a plugin, or the record of its files that a run keeps; a path has to be loaded first',
) satisfies z.ZodType<PluginFile>;

/** Whether an entry of `plugins` is meant as the record of a plugin's files, and not as a plugin itself. */
export function isPluginFile(entry: unknown): boolean {
  return (
    typeof entry === 'object' &&
    entry !== null &&
    'file' in entry &&
    !('create' in entry)
  );
}
