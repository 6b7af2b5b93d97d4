import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  expectNoLfsPointer,
  FileFormatError,
  fileLimits,
  parseJsonText,
} from '@clip-lung/tensor';
import { readFileUpTo } from '@clip-lung/tensor/node';
import { readTextTowerConfig, type TowerFileConfig } from '../config.js';
import { readOpenClipConfig } from '../open-clip-config.js';

/** What a folder's `config.json`, or else `open_clip_config.json`, says of its tower. */
export async function readTowerConfig(
  folder: string,
): Promise<TowerFileConfig> {
  const file = join(folder, 'config.json');
  if (existsSync(file)) return readTextTowerConfig(await readJson(file), file);
  const other = join(folder, 'open_clip_config.json');
  return readOpenClipConfig(await readJson(other), other);
}

async function readJson(file: string): Promise<unknown> {
  const bytes = await readFileUpTo(file, fileLimits.jsonBytes);
  expectNoLfsPointer(bytes, file);
  try {
    return parseJsonText(bytes);
  } catch (error) {
    throw new FileFormatError(
      file,
      `is not JSON (${String(error)}); if a download was cut short, delete it and load again`,
      { cause: error },
    );
  }
}
