import { loadTextTower } from '@clip-lung/model';
import type { TextTower } from '@clip-lung/text-encoder';
import { loadClipTower } from '@clip-lung/text-encoder/node';

import type { LoadedExperiment } from '@clip-lung/experiment';

export interface TowerOptions {
  /** told which tower it is, and what whoever reads the results should know of it */
  readonly onNote: (line: string) => void;
  /** whether nothing may be downloaded */
  readonly offline?: boolean | undefined;
}

/** Loads the text tower that an experiment names, and says which it is; null for an experiment without text. */
export async function loadTower(
  { experiment, modules }: LoadedExperiment,
  { onNote, offline = false }: TowerOptions,
): Promise<TextTower | null> {
  const tower = await loadTextTower(experiment, {
    modules,
    loadClip: (model, options) =>
      loadClipTower(model, { ...options, download: !offline }),
  });
  if (tower === null) return null;
  if (tower.kind === 'random') {
    onNote('text tower: random weights; its features mean nothing');
    return tower;
  }
  const { name, config, sha256 } = tower;
  const weights = sha256 === null ? '' : `, weights ${sha256.slice(0, 12)}`;
  onNote(
    `text tower: ${name}, ${config.layers} layers of width ${config.width}${weights}`,
  );
  for (const note of notesOf(tower)) onNote(`note: ${note}`);
  return tower;
}

/** What whoever reads the results should know of a tower, where it says so. */
function notesOf(
  tower: TextTower & { readonly notes?: readonly string[] },
): readonly string[] {
  return tower.notes ?? [];
}
