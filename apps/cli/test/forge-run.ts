import {
  type CheckpointInfo,
  experimentDigest,
  foldPaths,
  listFolds,
  MissingRunFileError,
  readCheckpoint,
  readPredictions,
  readRunRecord,
  type RunRecord,
  writeCheckpoint,
  writePredictions,
  writeRunRecord,
} from '@clip-lung/run';

/**
 * Changes a run's record as somebody does who knows the formats: all files carry the digests of what they have become, and
 * checkpoints and predictions say that they are of the new record.
 */
export async function forgeRun(
  run: string,
  change: (record: RunRecord) => RunRecord,
): Promise<void> {
  const record = change(await readRunRecord(run));
  const digest = { experimentDigest: experimentDigest(record.experiment) };
  await writeRunRecord(run, record);
  for (const fold of await listFolds(run)) {
    const paths = foldPaths(run, fold);
    for (const name of ['last', 'best'] as const) {
      const found = await ifThere(readCheckpoint(paths, name));
      if (found === undefined) continue;
      const info = { ...found.info, ...digest } as CheckpointInfo;
      await writeCheckpoint(paths, name, found.tensors, info);
    }
    const predictions = await ifThere(readPredictions(paths));
    const { dataset } = (await readCheckpoint(paths, 'last')).info;
    if (predictions === undefined || dataset === undefined) continue;
    await writePredictions(
      paths,
      { ...predictions, classes: record.classes },
      { ...digest, dataset },
    );
  }
}

async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof MissingRunFileError) return undefined;
    throw error;
  }
}
