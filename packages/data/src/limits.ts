const mebibyte = 2 ** 20;

/**
 * The most that files may ask for. What a file says of its size is believed by whoever takes memory for it; so what is over
 * these is refused before. Each is several times of what real files have: see docs/security.md.
 */
export const limits = {
  /** pixels of a slice; CT has 512², the finest scanners 2048² */
  pixels: 4096 ** 2,
  /** bytes of a DICOM file that are read at once: up to its pixels, or all of a compressed one; and those it inflates to */
  dicomBytes: 64 * mebibyte,
  /** elements of a data set; CT has some hundred */
  elements: 65_536,
  /** sequences within sequences; structured reports have about ten */
  sequenceDepth: 64,
  /** bytes of one value that is text; the longest that is read here, LO, has 64 characters */
  textBytes: 65_536,
  /** fragments of compressed pixels in a file */
  fragments: 65_536,
  /** scans of a JPEG image; a grey one has one, a progressive one about six */
  scans: 64,
  /** tiles of a JPEG 2000 image; most have one */
  tiles: 4096,
  /** code-blocks and precincts of a JPEG 2000 image; one of 4096² in blocks of 32² has some 20,000 */
  codeBlocks: 2 ** 18,
  /** packets of a JPEG 2000 image: of each precinct, resolution and quality layer; a CT has under a hundred */
  packets: 2 ** 20,
  /** Huffman tables that one lossless JPEG image defines; it uses one of at most four */
  huffmanTables: 64,
  /** inflated bytes that need no reason: a blank slice shrinks to a thousandth */
  inflatedFree: 16 * mebibyte,
  /** inflated bytes for each deflated one, above those */
  inflateRatio: 100,
  /** bytes of an annotation file; the largest of LIDC-IDRI has 2.2 MB */
  xmlBytes: 16 * mebibyte,
  /** elements within elements of an annotation file; the real ones have six */
  xmlDepth: 16,
  /** attributes of an element of an annotation file; the real ones have three */
  xmlAttributes: 100,
  /** annotations of a scan; LIDC-IDRI has 63 at most */
  annotations: 1000,
  /** voxels of the masks of a nodule's contours; four readers of one of 100 mm at 0.5 mm make 32 million */
  noduleVoxels: 2 ** 26,
  /** voxels that one crop reads; of such a nodule, 64 million */
  cropVoxels: 2 ** 26,
  /** bytes of a `.npz` file, and of an array in it; the largest of NoduleMNIST3D has 303 MB */
  npzBytes: 1024 * mebibyte,
  /** files in a `.npz` file; NoduleMNIST3D has six */
  npzEntries: 1000,
  /** bytes of a table or of the manifest of a dataset */
  tableBytes: 64 * mebibyte,
  /** rows of a table of a dataset */
  tableRows: 250_000,
  /** characters of a row of such a table; the longest have some hundred */
  rowLength: 65_536,
  /** columns of a table of a dataset; the widest has 41 */
  tableColumns: 1000,
} as const;

/** How many bytes so many deflated ones may inflate to, up to `most`. */
export function inflatedLimit(deflated: number, most: number): number {
  const { inflatedFree, inflateRatio } = limits;
  return Math.min(most, inflatedFree + inflateRatio * deflated);
}
