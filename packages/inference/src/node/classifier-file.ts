import { exportOnnx } from '@clip-lung/engine';
import { cropScale, cropSize, lungWindow } from '@clip-lung/lidc';
import { experimentDigest } from '@clip-lung/run';

import { classifierVersion } from '../classifier-description.js';
import type { TrainedClassifier } from './trained-classifier.js';

/** For whoever runs the model elsewhere: scaled twice, crops would be wrong without a word. */
const windowing =
  'The model does it: give HU as they are. HU below hu_window count as its low end, those above as its high end (clipped); within, they are scaled to 0..1.';

/**
 * A trained fold as an ONNX model: `hu` [batch, 32, 32, 32] to `probabilities` [batch, K].
 *
 * @param version of the software, which the file names as its producer
 */
export function classifierFile(
  trained: TrainedClassifier,
  { version }: { readonly version: string },
): Uint8Array {
  const { classify, weights, record } = trained;
  const crop = [cropSize, cropSize, cropSize] as const;
  return exportOnnx(classify, {
    name: 'clip_lung',
    description:
      'CLIP-Lung: malignancy of a lung nodule from a crop of its CT in HU. For research only.',
    inputs: { hu: { shape: ['batch', ...crop] } },
    frozen: weights,
    producer: { name: 'clip-lung', version },
    metadata: {
      format_version: classifierVersion,
      classes: JSON.stringify(record.classes),
      collection: record.data.collection,
      text: record.text,
      text_model: record.textModel,
      hu_window: JSON.stringify([lungWindow.low, lungWindow.high]),
      hu_preprocessing: windowing,
      crop: JSON.stringify({
        samples: crop,
        axes: ['z', 'y', 'x'],
        sideInDiameters: cropScale,
        sampling: 'trilinear, in the middles of 32 equal parts of each side',
      }),
      subset: record.data.subset,
      fold: String(trained.fold),
      epoch: String(trained.epoch),
      counting: 'fold and epoch are counted from 0',
      experiment_sha256: experimentDigest(record.experiment),
    },
  });
}
