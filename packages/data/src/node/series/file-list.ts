import { sep } from 'node:path';

import { Scratch } from './file-bytes.js';
import type { FoundFile } from './list-files.js';

/** Some files below one folder as plain data, which may go to another thread or into a file. */
export interface PackedFiles {
  /** what the paths have before the names */
  readonly root: string;
  readonly length: number;
  /** of each name how many UTF-16 units the one before has too, how many follow (16 bits each), and those */
  readonly bytes: Uint8Array;
}

/**
 * Files below one folder, in batches. A quarter of a million of them would take a hundred megabytes as strings: here each
 * name is what it does not begin with as the one before does, which in their order is ten bytes or so.
 */
export class FileList {
  readonly #size: number;
  readonly #full: PackedFiles[] = [];
  #open: FoundFile[] = [];

  /** @param size files of a batch */
  constructor(size: number) {
    this.#size = size;
  }

  get length(): number {
    return this.#full.length * this.#size + this.#open.length;
  }

  add(file: FoundFile): void {
    this.#open.push(file);
    if (this.#open.length < this.#size) return;
    const packed = packFiles(this.#open);
    const before = this.#full.at(-1)?.root;
    // The same string, not one like it for every batch.
    const root = before === packed.root ? before : packed.root;
    this.#full.push({ ...packed, root });
    this.#open = [];
  }

  *batches(): Generator<PackedFiles, void> {
    yield* this.#full;
    if (this.#open.length > 0) yield packFiles(this.#open);
  }
}

/** @throws RangeError for files that are not below one folder, each by its name */
export function packFiles(files: readonly FoundFile[]): PackedFiles {
  const [first] = files;
  const root = first
    ? first.path.slice(0, first.path.length - first.name.length)
    : '';
  const units = files.reduce((sum, { name }) => sum + name.length, 0);
  const most = scratch.take(headBytes * files.length + 2 * units);
  let end = 0;
  let last = '';
  for (const { path, name } of files) {
    if (pathOf(root, name) !== path) {
      throw new RangeError(`${path}: is not ${name} below ${root}`);
    }
    const shared = sharedStart(last, name);
    end = most.writeUInt16LE(shared, end);
    end = most.writeUInt16LE(name.length - shared, end);
    end += most.write(name.slice(shared), end, 'utf16le');
    last = name;
  }
  // Not in the memory that small buffers share: all of that would go to another thread.
  const bytes = Buffer.alloc(end);
  most.copy(bytes);
  return { root, length: files.length, bytes };
}

const scratch = new Scratch();

export function unpackFiles({
  root,
  length,
  bytes: packed,
}: PackedFiles): readonly FoundFile[] {
  const { buffer, byteOffset, byteLength } = packed;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  let at = 0;
  let name = '';
  return Array.from({ length }, () => {
    const shared = bytes.readUInt16LE(at);
    const start = at + headBytes;
    at = start + 2 * bytes.readUInt16LE(at + 2);
    name = name.slice(0, shared) + bytes.toString('utf16le', start, at);
    return { path: pathOf(root, name), name };
  });
}

const headBytes = 4;

function pathOf(root: string, name: string): string {
  return root + (sep === '/' ? name : name.replaceAll('/', sep));
}

function sharedStart(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let i = 0;
  while (i < most && a.charCodeAt(i) === b.charCodeAt(i)) i += 1;
  return i;
}
