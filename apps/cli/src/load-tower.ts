import type { ResolvedExperiment } from '@clip-lung/model';
import { randomTower, type TextTower } from '@clip-lung/text-encoder';
import { loadClipTower } from '@clip-lung/text-encoder/node';

import type { Screen } from './screen.js';

/** Loads the text tower that an experiment names; null for one without text. */
export async function loadTower(
  { text }: ResolvedExperiment,
  screen: Screen,
): Promise<TextTower | null> {
  if (text === null) return null;
  if (text.use === 'random') {
    screen.note('text tower: random weights; its features mean nothing');
    return randomTower(text as unknown as Parameters<typeof randomTower>[0]);
  }
  const tower = await loadClipTower(String(text['model']));
  screen.note(
    `text tower: ${tower.name}, ${tower.config.layers} layers of width ${tower.config.width}, weights ${tower.sha256.slice(0, 12)}`,
  );
  for (const note of tower.notes) screen.note(`note: ${note}`);
  return tower;
}
