import type { EngineState, Hosted } from '@clip-lung/engine';
import type { TrainingState } from '@clip-lung/model';
import { expectTensors } from '@clip-lung/run';
import { leaves, type NdArray, treeOf } from '@clip-lung/tensor';

/**
 * The arrays of a state by their dotted paths, as a checkpoint names them. The gradients of a step's batches are none of them: between
 * two steps there are none.
 */
export async function tensorsOf(
  state: EngineState<TrainingState>,
): Promise<readonly (readonly [path: string, array: NdArray])[]> {
  return leaves<NdArray>(checkpointed(await state.read()));
}

function checkpointed({
  gradients,
  ...kept
}: Hosted<TrainingState>): Omit<Hosted<TrainingState>, 'gradients'> {
  return kept;
}

/**
 * Puts a checkpoint's tensors into a state.
 *
 * @param file the checkpoint, which errors start with
 * @throws `TensorMismatchError` with the names that differ; the state is then as it was
 */
export async function restoreTensors(
  state: EngineState<TrainingState>,
  tensors: ReadonlyMap<string, NdArray>,
  file: string,
): Promise<void> {
  const own = await state.read();
  const shapes = leaves<NdArray>(checkpointed(own)).map(
    ([path, { shape }]) => [path, shape] as const,
  );
  expectTensors(tensors, new Map(shapes), file);
  const { gradients } = own;
  await state.write({
    ...(treeOf(tensors) as Hosted<TrainingState>),
    ...(gradients && { gradients }),
  });
}
