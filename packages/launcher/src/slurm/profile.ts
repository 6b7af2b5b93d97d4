import { fileLimits, parseJsonText } from '@clip-lung/tensor';
import { readFileUpTo } from '@clip-lung/tensor/node';
import { z } from 'zod';

import { SlurmProfileError } from './error.js';
import { refusedExtra } from './extra.js';
import { runProgram } from './run-program.js';

const text = z
  .string()
  .regex(/^[^\p{Cc}]+$/u, 'expected a text without line breaks');
const count = z.int().min(1);
const words = z.array(z.string().min(1)).min(1);

/** The forms that `sbatch` takes, in the order of its manual. */
const time = z
  .string()
  .regex(
    /^(\d+(:\d\d){0,2}|\d+-\d+(:\d\d){0,2}|UNLIMITED)$/,
    'expected minutes ("90"), "hours:minutes:seconds" or "days-hours:minutes"',
  );

const schema = z.strictObject({
  partition: text.optional(),
  account: text.optional(),
  qos: text.optional(),
  time: time.optional(),
  memory: z
    .string()
    .regex(
      /^\d+[KMGT]?$/i,
      'expected a number with K, M, G or T, such as "16G"',
    )
    .optional(),
  cpus: count.optional(),
  gpus: z
    .union([
      count,
      z.string().regex(/^([A-Za-z][\w.-]*:)?[1-9]\d*$/, 'expected'),
    ])
    .optional(),
  constraint: text.optional(),
  modules: z.array(text).default([]),
  container: z.array(z.string().min(1)).default([]),
  environment: z.array(z.string()).default([]),
  // Slurm holds it in sixteen bits.
  signalSeconds: z.int().min(1).max(65_535).default(120),
  maxRunning: count.optional(),
  extra: z
    .array(
      z.string().superRefine((line, context) => {
        const problem = refusedExtra(line);
        if (problem !== undefined) context.addIssue(problem);
      }),
    )
    .default([]),
  program: words.optional(),
});

/** What a cluster wants to be told with every job. The README explains each key. */
export type SlurmProfile = z.output<typeof schema>;

const known = Object.keys(schema.shape);

/** @throws {@link SlurmProfileError} that names the file and the key; `FileReadError` */
export async function readSlurmProfile(file: string): Promise<SlurmProfile> {
  const bytes = await readFileUpTo(file, fileLimits.jsonBytes);
  let value: unknown;
  try {
    value = parseJsonText(bytes);
  } catch (error) {
    throw new SlurmProfileError(
      file,
      undefined,
      `is not JSON (${String(error)})`,
      { cause: error },
    );
  }
  const result = schema.safeParse(value);
  if (!result.success) throw problemOf(file, value, result.error);
  expectTimeToSave(file, result.data);
  await expectShell(file, result.data.environment);
  return result.data;
}

function problemOf(
  file: string,
  value: unknown,
  error: z.ZodError,
): SlurmProfileError {
  const [issue] = error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => JSON.stringify(key)).join(', ');
    return new SlurmProfileError(
      file,
      issue.keys[0],
      `${names} ${issue.keys.length === 1 ? 'is not a key' : 'are not keys'} of a profile; known: ${known.join(', ')}`,
    );
  }
  const [key, index] = issue?.path ?? [];
  if (key === undefined) {
    return new SlurmProfileError(
      file,
      undefined,
      `expected an object with some of these keys: ${known.join(', ')}`,
    );
  }
  const name = String(key);
  const place = index === undefined ? name : `${name}[${String(index)}]`;
  const own = (value as Readonly<Record<string, unknown>>)[name];
  const found =
    index === undefined
      ? own
      : (own as Readonly<Record<string, unknown>>)[String(index)];
  return new SlurmProfileError(
    file,
    name,
    `${place} is ${JSON.stringify(found)}; ${expectation(name, issue?.message)}`,
  );
}

function expectation(key: string, message = ''): string {
  if (key === 'gpus') {
    return 'expected a number of GPUs, or their type and number: 2, "a100:1"';
  }
  return message.replace(/^Invalid input: /, '').replace(/^Too /, 'it is too ');
}

/** Slurm would signal such a job as soon as it starts, again and again. */
function expectTimeToSave(
  file: string,
  { time, signalSeconds }: SlurmProfile,
): void {
  if (time === undefined || time === 'UNLIMITED') return;
  const seconds = secondsOf(time);
  if (seconds > signalSeconds) return;
  throw new SlurmProfileError(
    file,
    'time',
    `time is ${JSON.stringify(time)}, ${seconds} s, and signalSeconds ${signalSeconds}: a task is asked to stop that long before time is up, so it would never get on; expected a longer time, or fewer seconds`,
  );
}

/** Minutes, minutes:seconds, hours:minutes:seconds; after days, hours, hours:minutes and hours:minutes:seconds. */
function secondsOf(time: string): number {
  const [rest = '', days = '0'] = time.split('-').reverse();
  const [a = 0, b = 0, c = 0] = rest.split(':').map(Number);
  const parts = rest.split(':').length;
  const hasHours = time.includes('-') || parts === 3;
  const within = hasHours ? a * 3600 + b * 60 + c : a * 60 + b;
  return Number(days) * 86_400 + within;
}

/** A quote that is left open would swallow the script that follows. */
async function expectShell(
  file: string,
  lines: readonly string[],
): Promise<void> {
  if (lines.length === 0) return;
  const checked = await runProgram('bash', ['-n'], {
    seconds: 10,
    input: `${lines.join('\n')}\n`,
  });
  if (checked.kind !== 'ended' || checked.code === 0) return;
  throw new SlurmProfileError(
    file,
    'environment',
    `environment is not what bash can read: ${checked.words}`,
  );
}
