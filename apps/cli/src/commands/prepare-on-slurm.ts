import { resolve } from 'node:path';

import { shardCommands } from '@clip-lung/data/node';
import {
  queuedTasks,
  type SlurmProfile,
  submitToSlurm,
  type Task,
} from '@clip-lung/launcher';

import { program } from '../program.js';
import type { Screen } from '../screen.js';

/**
 * Submits the shards of a collection that are not done, nor in the queue, and after them the command that makes the dataset of
 * them: it prepares itself what a shard that failed has left.
 *
 * @param args of `clip-lung`, for the whole
 */
export async function prepareOnSlurm(
  args: readonly string[],
  {
    out,
    shards,
    profile,
    screen,
  }: {
    readonly out: string;
    readonly shards: number;
    readonly profile: SlurmProfile;
    readonly screen: Screen;
  },
): Promise<void> {
  const onNote = (message: string): void => {
    screen.note(`note: ${message}`);
  };
  const jobs = `${resolve(out)}.jobs`;
  const queued = await queuedTasks(jobs);
  if (queued.tasks === undefined) {
    onNote(
      `the queue could not be asked which shards it still has (${queued.reason}); one that is started twice does its work twice, and no harm`,
    );
  }
  const commands = await shardCommands({ out, shards, args });
  const tasks = commands
    .map((command): Task & { readonly isDone: boolean } => ({
      id: `shard-${command.shard.number}`,
      name: `shard ${command.shard.number} of ${command.shard.of}`,
      args: command.args,
      progress: [command.progress],
      isDone: command.isDone,
    }))
    .filter(({ id, isDone }) => !isDone && queued.tasks?.has(id) !== true);
  if (tasks.length === 0) {
    screen.result(
      [
        'every shard is done, or in the queue; when all are done, the same command without --launcher makes the dataset of them',
      ],
      { shards, submitted: 0 },
    );
    return;
  }
  const {
    commands: submitted,
    submission,
    folder,
  } = await submitToSlurm({
    ...{ tasks, program, jobs, profile, onNote },
    report: args,
  });
  screen.result(
    [
      ...submitted,
      `${tasks.length} of ${shards} shards submitted, and then the dataset; on record in ${folder}`,
    ],
    { shards, submitted: tasks.length, submission },
  );
}
