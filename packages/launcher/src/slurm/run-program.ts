import { spawn } from 'node:child_process';

/** What came of running a program. */
export type ProgramEnd =
  | {
      readonly kind: 'ended';
      readonly code: number;
      readonly output: string;
      /** what it says for people, in one line */
      readonly words: string;
    }
  | { readonly kind: 'missing' }
  /** it was killed after its time */
  | { readonly kind: 'silent' };

/** Runs a program that answers soon. It is found as a shell finds it. */
export function runProgram(
  program: string,
  args: readonly string[],
  {
    seconds,
    input = '',
  }: { readonly seconds: number; readonly input?: string },
): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'pipe' });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    // A program that reads nothing closes its input.
    child.stdin.on('error', () => undefined).end(input);
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      // What it has started may hold them open.
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ kind: 'silent' });
    }, seconds * 1000);
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      resolve(
        error.code === 'ENOENT'
          ? { kind: 'missing' }
          : { kind: 'ended', code: 126, output: '', words: error.message },
      );
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const said = `${errors}\n${output}`.replaceAll(/\s+/g, ' ').trim();
      const words =
        said === '' ? `it ended with ${code ?? String(signal)}` : said;
      resolve({ kind: 'ended', code: code ?? 128, output, words });
    });
  });
}
