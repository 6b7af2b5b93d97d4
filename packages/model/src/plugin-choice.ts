import type { z } from 'zod';

import type { ModuleKind } from './modules.js';
import type { PluginEntry } from './plugin.js';
import type { Choice } from './registry.js';

/** What an experiment may say of a module of some kind, for its plugins' sake. */
export type PluginChoice<
  Entries extends readonly PluginEntry[],
  Kind extends ModuleKind,
> = ChoiceOfEntry<Entries[number], Kind>;

type ChoiceOfEntry<Entry, Kind extends ModuleKind> = Entry extends string
  ? // A path: what its file defines is known only when it is loaded.
    { readonly use: string; readonly [option: string]: unknown }
  : Entry extends readonly (infer One)[]
    ? ChoiceOfPlugin<One, Kind>
    : ChoiceOfPlugin<Entry, Kind>;

type ChoiceOfPlugin<Entry, Kind extends ModuleKind> = Entry extends {
  readonly kind: Kind;
  readonly name: infer Name extends string;
  readonly options: infer Options extends z.ZodType;
}
  ? Choice<Name, Options>
  : never;
