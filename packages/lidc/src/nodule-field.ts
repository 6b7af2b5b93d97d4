/**
 * What can be known of a nodule besides its crop and its class, or of the step that takes it. A loss or a prompt learner names
 * what it wants, and is given it for the nodules of each batch:
 *
 * - `votes`: the share of the readers for each class, float32 [B, K]
 * - `ratings`: mean ratings of the M attributes, malignancy in front where there are nine, float32 [B, M]
 * - `malignancy`: mean or median over the readers, 1 to 5, float32 [B]
 * - `diameter`: mm, float32 [B]
 * - `nodule`: its row in the dataset, int32 [B]: the same number is the same nodule
 * - `patient`: a number for each patient, int32 [B]
 * - `{ column }`: a column of numbers of the dataset's `columns.csv`, or x, y, z, diameter, readers or malignancy of LIDC-IDRI's
 *   `nodules.csv`, float32 [B]; where two nodules are mixed, so are their numbers, unless `mixed` is false: then it is the number
 *   of the nodule whose share is larger
 * - `epoch`: of the step, from 0, float32 scalar
 * - `progress`: the share of all steps that are done, 0 to below 1, float32 scalar
 */
export type NoduleField =
  | (typeof noduleFields)[number]
  | { readonly column: string; readonly mixed?: boolean };

export const noduleFields = [
  'votes',
  'ratings',
  'malignancy',
  'diameter',
  'nodule',
  'patient',
  'epoch',
  'progress',
] as const;

/** Fields by the names under which a module wants to find them. */
export type NoduleFields = Readonly<Record<string, NoduleField>>;

/** What a field is called where each is there once, whatever modules call it. */
export function keyOfField(field: NoduleField): string {
  if (typeof field === 'string') return field;
  return `column ${field.column}${field.mixed === false ? ', not mixed' : ''}`;
}
