import { cropsSource } from './crops/crops.js';
import { lidcSource } from './lidc/lidc.js';
import { noduleMnist3dSource } from './nodulemnist3d/nodulemnist3d.js';

/** What datasets can be made of, by what `prepare --from` calls them. */
export const sources = [lidcSource, noduleMnist3dSource, cropsSource] as const;
