/** The most that files of arrays and JSON may ask for, whoever reads them: see docs/security.md. */
export const fileLimits = {
  /** lists and objects within each other; experiments and configurations have about ten */
  jsonDepth: 100,
  /** bytes of a JSON file that a person or a model comes with */
  jsonBytes: 16 * 2 ** 20,
  /** bytes of the header of a `.safetensors` file; those of the largest published models have less than 1 MB */
  safetensorsHeaderBytes: 16 * 2 ** 20,
  /** arrays of a `.safetensors` file; the largest published models have some thousand */
  arrays: 100_000,
  /** bytes of the header of a `.npy` file; numpy refuses longer ones, too */
  npyHeaderBytes: 10_000,
  /** axes of an array; numpy has no more */
  axes: 64,
  /** bytes of a file that is read as a whole: Node has no larger arrays for it */
  wholeFileBytes: 2 ** 31 - 1,
} as const;
