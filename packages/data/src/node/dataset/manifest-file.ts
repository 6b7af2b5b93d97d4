import { join } from 'node:path';

import { at, FileFormatError, parseJsonText } from '@clip-lung/tensor';
import {
  jsonWithDigest,
  jsonWithoutDigest,
  readFileUpTo,
} from '@clip-lung/tensor/node';

import {
  datasetFiles,
  datasetVersion,
  datasetVersions,
} from '../../dataset/format.js';
import {
  formerManifestSchema,
  fromFormer,
} from '../../dataset/former-manifest.js';
import { type Manifest, manifestSchema } from '../../dataset/manifest.js';
import { DatasetError, InputError } from '../../errors.js';
import { limits } from '../../limits.js';
import { datasetAside } from './out-folder.js';

const name = datasetFiles.manifest;

/** The version of datasets without digests. */
const undigested = 3;

/** What `manifest.json` holds: a manifest, and its own digest. */
export function manifestBytes(manifest: Manifest): Uint8Array {
  return jsonWithDigest(manifest);
}

/**
 * Reads the manifest of a dataset folder.
 *
 * @throws {@link InputError} when there is none; {@link DatasetError} for one that is not as it was written, or not as it
 *   should be
 */
export async function readManifest(folder: string): Promise<Manifest> {
  const bytes = await readFileUpTo(join(folder, name), limits.tableBytes).catch(
    async (error: unknown) => {
      if (error instanceof FileFormatError) {
        throw new InputError(error.message, { cause: error });
      }
      const aside = await datasetAside(folder);
      throw new InputError(
        aside === undefined
          ? `${folder}: is not a dataset folder: it has no readable ${name}; make one with clip-lung prepare`
          : `${folder}: was being replaced when clip-lung prepare was killed; the dataset is in ${aside}. Prepare again, or rename it`,
        { cause: error },
      );
    },
  );
  let json: unknown;
  try {
    json = parseJsonText(bytes);
  } catch (error) {
    throw new DatasetError(name, `is not JSON (${String(error)})`, {
      cause: error,
    });
  }
  const version = versionOf(json);
  if (datasetVersions.every((known) => known !== version)) {
    throw new DatasetError(
      name,
      `the dataset's version is ${version}, expected ${datasetVersion}; prepare the dataset again`,
    );
  }
  const own = jsonWithoutDigest(
    json,
    bytes,
    (rest) => rest['version'] !== undigested,
  );
  if ('problem' in own) {
    throw new DatasetError(
      name,
      `${own.problem}; put it back, or prepare the dataset again`,
    );
  }
  const checked =
    version === datasetVersion
      ? manifestSchema.safeParse(own.value)
      : formerManifestSchema.transform(fromFormer).safeParse(own.value);
  if (!checked.success) {
    const issue = at(checked.error.issues, 0, 'issues');
    throw new DatasetError(
      name,
      `"${issue.path.join('.')}": ${issue.message}`,
      { cause: checked.error },
    );
  }
  const { data } = checked;
  if (data.version !== undigested) expectDigests(data);
  return data;
}

function expectDigests({ files = {}, source, columns }: Manifest): void {
  const { crops, nodules, scans, folds } = datasetFiles;
  const expected = [
    ...[crops, nodules, folds],
    ...(source.name === 'lidc' ? [scans] : []),
    ...(columns.length > 0 ? [datasetFiles.columns] : []),
  ];
  for (const file of expected) {
    if (files[file] !== undefined) continue;
    throw new DatasetError(
      name,
      `"files" lacks the SHA-256 of ${file}; prepare the dataset again`,
    );
  }
}

function versionOf(json: unknown): string | number {
  if (typeof json !== 'object' || json === null) return 'missing';
  const version = 'version' in json ? json.version : undefined;
  return typeof version === 'number' ? version : 'missing';
}
