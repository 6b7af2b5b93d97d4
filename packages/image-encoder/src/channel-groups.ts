import { checkCount, OptionShapeError } from '@clip-lung/tensor';

/** Height and width of a feature map. */
const mapSize = 8;

/**
 * How G feature maps of 8×8 become T features of length D: each group is G/T maps, flattened. So G, the outputs of the
 * reducing convolution, is T·D/64. The paper has T = 4 and D = 512, the width of its text features, hence G = 32 and 8 maps a
 * group. For another T we keep D, which the text decides, and 8 maps a group, and so let G grow with T: every group sees as
 * much of the image as the paper's do, and T alone is varied.
 *
 * @param channels G, when it is to be checked
 * @throws `ShapeError` when an option is no whole number of at least 1, or D no multiple of 64, and `OptionShapeError` when T
 *   is no divisor of G, or a group of G/T maps has not D values
 */
export function channelGroups({
  groups,
  embedding,
  channels,
}: {
  readonly groups: number;
  readonly embedding: number;
  readonly channels?: number | undefined;
}): { readonly channels: number; readonly mapSize: number } {
  const pixels = mapSize * mapSize;
  checkCount('groups', groups);
  checkCount('embedding', embedding, pixels);
  const fitting = (groups * embedding) / pixels;
  const given = channels ?? fitting;
  checkCount('channels', given);
  if (given % groups !== 0) {
    throw new OptionShapeError(
      'groups',
      `is ${groups}, which does not divide the ${given} channels; leave channels out, or set it to ${fitting}`,
    );
  }
  if (given !== fitting) {
    throw new OptionShapeError(
      'channels',
      `is ${given}: each of ${groups} groups has ${given / groups} maps of ${mapSize}×${mapSize}, ${(given / groups) * pixels} values, and its feature has ${embedding}, the embedding; leave channels out, or set it to ${fitting}`,
    );
  }
  return { channels: given, mapSize };
}
