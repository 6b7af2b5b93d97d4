/** A convolution without bias and the batch normalisation after it. */
export interface Layer {
  /** of the convolution: `layer2.0.conv1` */
  readonly convolution: string;
  /** of the normalisation: `layer2.0.bn1` */
  readonly norm: string;
  /** [O, I, …window], a window of two axes for images, and of three for volumes */
  readonly shape: readonly [number, number, ...number[]];
  readonly stride: 1 | 2;
}

/** Layers with ReLUs in between, and a shortcut around them. */
export interface Block {
  readonly layers: readonly Layer[];
  /** a 1×1 convolution where the block changes the shape; undefined where the shortcut is the input itself */
  readonly shortcut: Layer | undefined;
}

/** What a block of either kind is made from. */
export interface BlockOptions {
  /** `layer2.0` */
  readonly path: string;
  readonly inputs: number;
  /** of the stage; a bottleneck has four times as many outputs */
  readonly channels: number;
  readonly stride: 1 | 2;
  /** of a window: 2 for images, 3 for volumes */
  readonly axes: number;
}

/** A kind of block. */
export interface BlockKind {
  /** outputs of a block, in channels of its stage */
  readonly expansion: number;
  readonly make: (options: BlockOptions) => Block;
}

/** Two 3×3 convolutions, 3×3×3 in volumes, of ResNet-18 and 34. @see He et al. (arXiv 1512.03385), figure 5, left */
export const basic: BlockKind = {
  expansion: 1,
  make: ({ path, inputs, channels, stride, axes }) => ({
    layers: [
      layer(path, 1, [channels, inputs, ...window(3, axes)], stride),
      layer(path, 2, [channels, channels, ...window(3, axes)]),
    ],
    shortcut: shortcut(path, [channels, inputs, ...window(1, axes)], stride),
  }),
};

/**
 * 1×1, 3×3, 1×1, of ResNet-50. A stride is that of the 3×3 convolution, as in torchvision, not of the first as in the paper.
 *
 * @see He et al. (arXiv 1512.03385), figure 5, right
 */
export const bottleneck: BlockKind = {
  expansion: 4,
  make: ({ path, inputs, channels, stride, axes }) => ({
    layers: [
      layer(path, 1, [channels, inputs, ...window(1, axes)]),
      layer(path, 2, [channels, channels, ...window(3, axes)], stride),
      layer(path, 3, [4 * channels, channels, ...window(1, axes)]),
    ],
    shortcut: shortcut(
      path,
      [4 * channels, inputs, ...window(1, axes)],
      stride,
    ),
  }),
};

/** As long along every axis. */
export function window(length: number, axes: number): number[] {
  return new Array<number>(axes).fill(length);
}

function layer(
  path: string,
  number: number,
  shape: Layer['shape'],
  stride: 1 | 2 = 1,
): Layer {
  return {
    convolution: `${path}.conv${number}`,
    norm: `${path}.bn${number}`,
    shape,
    stride,
  };
}

function shortcut(
  path: string,
  shape: Layer['shape'],
  stride: 1 | 2,
): Layer | undefined {
  const [outputs, inputs] = shape;
  if (stride === 1 && inputs === outputs) return undefined;
  return {
    convolution: `${path}.downsample.0`,
    norm: `${path}.downsample.1`,
    shape,
    stride,
  };
}
