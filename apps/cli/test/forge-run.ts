import { existsSync } from 'node:fs';

import {
  type CheckpointInfo,
  experimentDigest,
  foldPaths,
  listFolds,
  readCheckpoint,
  readPredictions,
  type RunRecord,
  writeCheckpoint,
  writePredictions,
  writeRunRecord,
} from '@clip-lung/run';

/** Makes a run one of another record, with digests that fit, as whoever shares it can. */
export async function forgeRun(run: string, record: RunRecord): Promise<void> {
  await writeRunRecord(run, record);
  const digest = experimentDigest(record.experiment);
  for (const fold of await listFolds(run)) {
    const paths = foldPaths(run, fold);
    for (const name of ['last', 'best'] as const) {
      if (!existsSync(paths[name].tensors)) continue;
      const { tensors, info } = await readCheckpoint(paths, name);
      const forged = { ...info, experimentDigest: digest } as CheckpointInfo;
      await writeCheckpoint(paths, name, tensors, forged);
    }
    if (!existsSync(paths.predictions)) continue;
    const predictions = await readPredictions(paths);
    await writePredictions(paths, predictions, {
      experimentDigest: digest,
      dataset: record.data.sha256 ?? '',
    });
  }
}
