import { SaxesParser, type SaxesTagNS } from 'saxes';

import { LidcXmlError } from '../errors.js';
import { limits } from '../limits.js';
import { ReadingsBuilder } from './builder.js';
import type { LidcFile } from './readings.js';

const ctNamespace = 'http://www.nih.gov';
const radiographNamespace = 'http://www.nih.gov/idri';

/**
 * Reads one LIDC-IDRI annotation file. Strict where a wrong file would else give wrong annotations: the whole document
 * must be well-formed, in the message's own namespace, without a document type (so without entities of its own).
 *
 * @param file the name that errors start with
 * @throws {@link LidcXmlError} for a file that is cut short, malformed, of another kind, or holds what no message holds
 * @see https://wiki.cancerimagingarchive.net/display/Public/LIDC-IDRI: the XML base schema and its documentation
 */
export function parseLidcXml(bytes: Uint8Array, file: string): LidcFile {
  expectXmlSize(bytes.length, file);
  const parser = new SaxesParser<{ xmlns: true; position: boolean }>({
    xmlns: true,
    position: false,
  });
  const refuse = (problem: string): never => {
    throw new LidcXmlError(file, `line ${parser.line}: ${problem}`);
  };

  let root: 'ct' | 'radiograph' | undefined;
  let depth = 0;
  let attributes = 0;
  let text = '';
  const builder = new ReadingsBuilder(refuse);

  parser.on('error', (error) => refuse(error.message));
  parser.on('doctype', () =>
    refuse('has a document type; LIDC files have none, so it is refused'),
  );
  parser.on('opentagstart', () => {
    attributes = 0;
  });
  parser.on('attribute', () => {
    attributes += 1;
    if (attributes > limits.xmlAttributes) {
      refuse(`an element has more than ${limits.xmlAttributes} attributes`);
    }
  });
  parser.on('opentag', (tag) => {
    depth += 1;
    if (depth > limits.xmlDepth) {
      refuse(`elements are more than ${limits.xmlDepth} deep`);
    }
    if (root === undefined) root = kindOfRoot(tag, refuse);
    if (root === 'radiograph') return;
    if (tag.uri !== ctNamespace) {
      refuse(
        `element <${tag.name}> is in the namespace "${tag.uri}", expected "${ctNamespace}"`,
      );
    }
    text = '';
    builder.open(tag.local);
  });
  parser.on('text', (part) => {
    text += part;
  });
  parser.on('cdata', (part) => {
    text += part;
  });
  parser.on('closetag', () => {
    depth -= 1;
    if (root === 'ct') builder.close(text.trim());
    text = '';
  });

  parser.write(decode(bytes, file)).close();
  return root === 'radiograph'
    ? { kind: 'radiograph', file }
    : builder.finish(file);
}

/** @throws {@link LidcXmlError} for more bytes than an annotation file has */
export function expectXmlSize(bytes: number, file: string): void {
  if (bytes <= limits.xmlBytes) return;
  throw new LidcXmlError(
    file,
    `has ${bytes} bytes, expected at most ${limits.xmlBytes}: this is not an annotation file of LIDC-IDRI`,
  );
}

function kindOfRoot(
  { local, uri }: SaxesTagNS,
  refuse: (problem: string) => never,
): 'ct' | 'radiograph' {
  if (local === 'LidcReadMessage' && uri === ctNamespace) return 'ct';
  if (local === 'IdriReadMessage' && uri === radiographNamespace) {
    return 'radiograph';
  }
  return refuse(
    `the document is a {${uri}}${local}, expected {${ctNamespace}}LidcReadMessage or {${radiographNamespace}}IdriReadMessage`,
  );
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new LidcXmlError(file, 'is not UTF-8 text', { cause: error });
  }
}
