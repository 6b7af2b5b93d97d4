import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** An experiment that takes a second or two, three epochs of which are written, and every step. */
const experiment = {
  image: { use: 'resnet18', width: 2, groups: 2 },
  text: { use: 'random', width: 16, layers: 1 },
  training: { epochs: 3, batchSize: 8, checkpointSteps: 1 },
};

/** Makes `dataset` and `small.json` in a folder. @param run runs a command of the command line */
export async function makeDataset(folder, run) {
  const at = (name) => join(folder, name);
  await run('phantom', at('lidc'), '--patients', '12', '--seed', '3');
  await run('prepare', at('lidc'), '--out', at('dataset'));
  await writeFile(at('small.json'), JSON.stringify(experiment));
}

/** What `train` is given of them. */
export const trainOptions = (folder) => [
  join(folder, 'small.json'),
  ...['--data', join(folder, 'dataset')],
  ...['--threads', '1'],
];
