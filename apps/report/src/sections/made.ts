import { experimentDigest } from '@clip-lung/run';

import { counted, none } from '../figure-text.js';
import { type Content, html, type Html, named } from '../page/html.js';
import { table } from '../page/table.js';
import type { ReportRun } from '../report-run.js';
import type { Section } from '../section.js';

/** What it takes to do it again. Folders and the machine's name are left out: a report may go to others. */
export const madeSection: Section = {
  id: 'made',
  title: 'How it was made',
  render({ record }) {
    const { experiment, data, engine, device, software } = record;
    const { extended = [], replacedPlugins = [] } = record;
    const rows: (readonly [string, Content])[] = [
      ['experiment, SHA-256', experimentDigest(experiment)],
      ['dataset, SHA-256', data.sha256 ?? 'not kept by runs of that version'],
      ['text tower', record.text === 'none' ? none : named(record.textModel)],
      ['its weights, SHA-256', record.textSha256 ?? none],
      ['engine', `${engine} on ${device}`],
      ...Object.entries(software).map(
        ([name, version]) => [`software: ${name}`, named(version)] as const,
      ),
      ...extended.map(
        ({ from }) => ['given more epochs', `it was to have ${from}`] as const,
      ),
      ...replacedPlugins.map(
        ({ plugins }) =>
          [
            'went on with other plugins',
            `${counted(plugins.length, 'plugin')} replaced`,
          ] as const,
      ),
    ];
    return html`${table({
      caption: 'From the run’s record',
      columns: ['what', 'on record'],
      words: [1],
      rows,
    })}${pluginTable(experiment)}`;
  },
};

/** The files of plugins, with their digests. */
function pluginTable({
  plugins = [],
}: ReportRun['record']['experiment']): Html | null {
  const files = (Array.isArray(plugins) ? (plugins as unknown[]) : []).flatMap(
    filesOf,
  );
  if (files.length === 0) return html`<p>No plugins.</p>`;
  return table({
    caption: 'Files of plugins, with their SHA-256',
    columns: ['file', 'SHA-256'],
    words: [1],
    rows: files.map(([file, digest]) => [named(file), named(digest)]),
  });
}

/** A record may be of a later form: what has no list of files is told as it is. */
function filesOf(plugin: unknown): readonly (readonly [string, string])[] {
  if (
    typeof plugin === 'object' &&
    plugin !== null &&
    'files' in plugin &&
    typeof plugin.files === 'object' &&
    plugin.files !== null
  ) {
    return Object.entries(plugin.files).map(([file, digest]) => [
      file,
      String(digest),
    ]);
  }
  return [[JSON.stringify(plugin), none]];
}
