import { TaskError } from './error.js';

/** A command that may be started again at any time: it goes on where it stopped, and does nothing where it is done. */
export interface Task {
  /** unique; lower-case letters, digits and hyphens. Its files are named after it */
  readonly id: string;
  /** for people: `CLIP-Lung, A, seed 1, fold 0` */
  readonly name: string;
  /** what follows the program */
  readonly args: readonly string[];
  /** files that change whenever it has got on, such as a log or a checkpoint; by them restarts without progress are told */
  readonly progress: readonly string[];
}

/** File systems have no longer names, and an ending is added. */
const longestId = 200;

/** @throws {@link TaskError} that names the first task at fault */
export function checkTasks(tasks: readonly Task[]): void {
  const known = new Map<string, Task>();
  for (const task of tasks) {
    const { id, name, args, progress } = task;
    if (!/^[a-z0-9][a-z0-9-]*$/.test(id) || id.length > longestId) {
      throw new TaskError(
        `a task has the ID ${JSON.stringify(id)}, expected at most ${longestId} lower-case letters, digits and hyphens, not beginning with a hyphen`,
      );
    }
    const other = known.get(id);
    if (other !== undefined) {
      throw new TaskError(
        `two tasks have the ID ${id}: ${JSON.stringify(other.name)} and ${JSON.stringify(name)}; each needs its own`,
      );
    }
    known.set(id, task);
    expectWords(`an argument of task ${id}`, args);
    expectWords(`a progress file of task ${id}`, progress);
  }
}

/** @throws {@link TaskError} for a command without a program, or a word that no command line can hold */
export function checkProgram(program: readonly string[]): void {
  if (program[0] === undefined || program[0] === '') {
    throw new TaskError(
      'the command has no program; expected its path or name, and what always follows it',
    );
  }
  expectWords('a word of the command', program);
}

function expectWords(what: string, words: readonly string[]): void {
  const bad = words.find((word) => word.includes('\0'));
  if (bad !== undefined) {
    throw new TaskError(
      `${what} is ${JSON.stringify(bad)}: a NUL character ends a word for the system, so it cannot be passed on`,
    );
  }
}
