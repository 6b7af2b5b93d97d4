import { CommanderError } from 'commander';

/** A failure as one JSON object, for programs that read standard output. */
export interface FailureJson {
  readonly error: {
    /** names the kind of failure, and does not change with the wording: `experiment`, `usage`, `file-format`, `ENOENT` */
    readonly code: string;
    readonly message: string;
    /** the field of the experiment, where it is one that is wrong: `training.epochs` */
    readonly path?: string;
    /** the file, where one is wrong */
    readonly file?: string;
  };
}

export function failureJson(error: unknown, message: string): FailureJson {
  return {
    error: {
      code: codeOf(error),
      message,
      ...textField(error, 'path'),
      ...textField(error, 'file'),
    },
  };
}

function codeOf(error: unknown): string {
  if (error instanceof CommanderError) return 'usage';
  const { code } = textField(error, 'code');
  return code ?? 'unexpected';
}

function textField<Name extends string>(
  error: unknown,
  name: Name,
): { readonly [name in Name]?: string } {
  if (!(error instanceof Error) || !(name in error)) return {};
  const value = (error as unknown as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'string' && value !== ''
    ? ({ [name]: value } as { readonly [name in Name]: string })
    : {};
}
