const mebibyte = 2 ** 20;

/**
 * The most that the files of a text tower may ask for. Memory and time are taken for what they say before the weights are there to
 * contradict them; so what is over these is refused at once: see docs/security.md.
 */
export const towerLimits = {
  /** the largest published CLIP (bigG) has 32 */
  layers: 256,
  /** W, D, and heads; bigG has 1280 */
  width: 16_384,
  /** units of a feed-forward layer; bigG has 5120 */
  hidden: 65_536,
  /** tokens of a text; CLIP has 77, its long relatives 248 */
  positions: 4096,
  /** rows of the token embedding; multilingual ones have 250,000 */
  vocabulary: 2 ** 20,
  /** bytes of `tokenizer.json`; multilingual ones have 17 MB */
  tokenizerBytes: 64 * mebibyte,
  /** nodes, and as many initializers, of an ONNX graph; bigG has 3,000 */
  graphParts: 100_000,
} as const;
