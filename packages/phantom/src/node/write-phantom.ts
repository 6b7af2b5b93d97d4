import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import type { JobOptions } from '@clip-lung/data';
import { asFileWriteError, writeFileAtomic } from '@clip-lung/tensor/node';

import type { NoduleTruth } from '../nodule.js';
import { type PhantomPatient, simulatePatient } from '../patient.js';
import {
  definePhantom,
  type Phantom,
  type PhantomOptions,
} from '../phantom.js';
import type { PlacedQuirk } from '../quirks/quirk.js';
import { encodeTruth } from '../truth-csv.js';
import { prepareFolder, removePhantom } from './out-folder.js';

export interface WritePhantomOptions extends PhantomOptions, JobOptions {
  /** the folder to write: new, empty, or an earlier phantom, which is replaced */
  readonly out: string;
}

/** What was written. */
export interface PhantomSummary {
  readonly patients: number;
  readonly scans: number;
  readonly nodules: number;
  readonly slices: number;
  /** oddities put into files, see `quirks.json` */
  readonly quirks: number;
  /** of all files */
  readonly bytes: number;
}

/**
 * Writes a phantom laid out as TCIA's LIDC-IDRI is, `PHANTOM-0001/<study>/<series>/1-001.dcm …` with the annotations
 * beside the slices, `quirks.json` in a phantom that has them, and at last `truth.csv`: a folder that has it is whole. Equal options make equal bytes. A job that
 * is stopped or fails removes what it has written.
 *
 * @throws `InputError` where `out` holds what no phantom put there, `OptionError` for an option out of its range,
 *   `FileWriteError` where the system lets nothing be written
 */
export async function writePhantom({
  out,
  onProgress,
  signal,
  ...options
}: WritePhantomOptions): Promise<PhantomSummary> {
  const phantom = definePhantom(options);
  signal?.throwIfAborted();
  await prepareFolder(out, phantom);
  try {
    return await writePatients(out, phantom, { onProgress, signal });
  } catch (error) {
    await removePhantom(out);
    throw asFileWriteError(out, error);
  }
}

async function writePatients(
  out: string,
  phantom: Phantom,
  { onProgress, signal }: JobOptions,
): Promise<PhantomSummary> {
  const truth: NoduleTruth[] = [];
  const quirks: PlacedQuirk[] = [];
  let slices = 0;
  let bytes = 0;
  for (let number = 1; number <= phantom.patients; number++) {
    signal?.throwIfAborted();
    const patient = await simulatePatient(phantom, number, () =>
      setImmediate(undefined, { signal }),
    );
    await writePatient(out, patient);
    truth.push(...patient.truth);
    quirks.push(...patient.quirks);
    slices += patient.files.filter(({ name }) => name.endsWith('.dcm')).length;
    bytes += patient.files.reduce((sum, file) => sum + file.bytes.length, 0);
    onProgress?.({ stage: 'patients', done: number, total: phantom.patients });
  }
  if (phantom.quirks) {
    const list = `${JSON.stringify({ version: 1, quirks }, null, 2)}\n`;
    await writeFileAtomic(join(out, 'quirks.json'), list);
    bytes += Buffer.byteLength(list);
  }
  const csv = encodeTruth(truth);
  await writeFileAtomic(join(out, 'truth.csv'), csv);
  return {
    patients: phantom.patients,
    scans: phantom.patients,
    nodules: truth.length,
    slices,
    quirks: quirks.length,
    bytes: bytes + Buffer.byteLength(csv),
  };
}

/**
 * A patient's folder appears whole or not at all. Its files are not synced one by one, which would take longer than
 * simulating them: after a crash of the machine, `truth.csv` is missing, and the phantom is made again.
 */
async function writePatient(
  out: string,
  { id, files }: PhantomPatient,
): Promise<void> {
  const partial = join(out, `.${id}.partial`);
  const paths = files.map(({ name }) =>
    join(partial, name.slice(id.length + 1)),
  );
  try {
    for (const folder of new Set(paths.map(dirname))) {
      await mkdir(folder, { recursive: true });
    }
    // All have to be over before the folder can be removed.
    const writes = await Promise.allSettled(
      files.map(({ bytes }, i) => writeFile(paths[i] as string, bytes)),
    );
    const failed = writes.find((write) => write.status === 'rejected');
    if (failed !== undefined) throw failed.reason as Error;
    await rename(partial, join(out, id));
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}
