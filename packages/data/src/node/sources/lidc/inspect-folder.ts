import { resolve, sep } from 'node:path';

import { InputError } from '../../../errors.js';
import {
  type Inspection,
  inspectionOf,
  inspectScan,
} from '../../../lidc-xml/inspection.js';
import { odditiesOf } from '../../../lidc-xml/oddities.js';
import type { JobOptions } from '../../../progress.js';
import { isXml, listFiles } from '../../series/list-files.js';
import { readAnnotations } from './read-annotations.js';

/**
 * Counts what the annotation files below a folder hold, scan by scan, and lists what is odd about them. Needs no images.
 *
 * @param path a folder, or one annotation file
 * @throws {@link InputError} when there is no annotation file at `path`
 */
export async function inspectFolder(
  path: string,
  options: JobOptions = {},
): Promise<Inspection> {
  const files = await listFiles(path, options.signal);
  const xml = files.filter(isXml);
  const annotations = await readAnnotations(xml, options);
  if (annotations.ct + annotations.radiographs === 0) {
    const [first] = annotations.warnings;
    const found =
      first === undefined
        ? `none of its ${files.length} files is named *.xml`
        : `none of its ${xml.length} .xml files can be read, the first because ${first.message}`;
    throw new InputError(
      `${path}: holds no annotation file; ${found}. Expected the XML files of LIDC-IDRI (LidcReadMessage), at any depth`,
    );
  }
  const paths = new Map(
    xml.map((file) => [file.name, resolve(file.path).split(sep).join('/')]),
  );
  const pathOf = (file: string): string => {
    const path = paths.get(file);
    if (path !== undefined) return path;
    throw new RangeError(`${file}: is none of the files that were read`);
  };
  return inspectionOf(
    annotations,
    annotations.scans.map((scan) => inspectScan(scan, pathOf(scan.file))),
    [...annotations.warnings, ...annotations.scans.flatMap(odditiesOf)],
  );
}
