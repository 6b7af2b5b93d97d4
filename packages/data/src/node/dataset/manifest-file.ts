import { join } from 'node:path';

import { FileFormatError, parseJsonText } from '@clip-lung/tensor';
import {
  endOfJson,
  noDigest,
  ownDigestProblem,
  putOwnDigest,
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

/** What `manifest.json` holds: a manifest, and its own digest. */
export function manifestBytes(manifest: Manifest): Uint8Array {
  const json = JSON.stringify({ ...manifest, sha256: noDigest }, null, 2);
  const bytes = Buffer.from(`${json}\n`);
  putOwnDigest(bytes, endOfJson);
  return bytes;
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
          ? `${folder}: is not a dataset folder, it has no readable ${name}; make one with clip-lung prepare`
          : `${folder}: was being replaced when clip-lung prepare was killed; the dataset is in ${aside}. Prepare again, or rename it`,
        { cause: error },
      );
    },
  );
  let json: unknown;
  try {
    json = parseJsonText(bytes.toString('utf8'));
  } catch (error) {
    throw new DatasetError(name, `is no JSON (${String(error)})`, {
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
  const stated = withoutDigest(json, bytes);
  const checked =
    version === datasetVersion
      ? manifestSchema.safeParse(stated)
      : formerManifestSchema.transform(fromFormer).safeParse(stated);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw new DatasetError(
      name,
      `"${issue?.path.join('.') ?? ''}": ${issue?.message ?? 'is not valid'}`,
      { cause: checked.error },
    );
  }
  const { data } = checked;
  if (data.version !== undigested && data.files === undefined) {
    throw new DatasetError(
      name,
      'lacks "files", the digests of the other files; prepare the dataset again',
    );
  }
  return data;
}

/** Of datasets without digests. */
const undigested = 3;

function versionOf(json: unknown): string | number {
  if (typeof json !== 'object' || json === null) return 'missing';
  const version = 'version' in json ? json.version : undefined;
  return typeof version === 'number' ? version : 'missing';
}

/** Whatever says that it is of a version with digests, or carries one, has to be as it was written. */
function withoutDigest(json: unknown, bytes: Uint8Array): unknown {
  const { sha256, ...rest } = json as Readonly<Record<string, unknown>>;
  if (sha256 === undefined && rest['version'] === undigested) return json;
  const problem = ownDigestProblem(bytes, endOfJson);
  if (problem === undefined) return rest;
  throw new DatasetError(
    name,
    `${problem}; put it back, or prepare the dataset again`,
  );
}
