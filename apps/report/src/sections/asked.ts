import { resolveExperiment } from '@clip-lung/model';

import { flatFields } from '../flat-fields.js';
import { counted, none } from '../figure-text.js';
import { html, type Html, named } from '../page/html.js';
import { details, table } from '../page/table.js';
import type { ReportRun } from '../report-run.js';
import type { Section } from '../section.js';

/** The experiment: in what it differs from its preset, and whole. */
export const askedSection: Section = {
  id: 'asked',
  title: 'What was asked',
  render({ record: { experiment } }) {
    const own = fieldsOf(experiment);
    return html`${differences(experiment, own)}${details(
      `The whole experiment, ${own.size} fields`,
      table({
        caption: 'The resolved experiment',
        columns: ['field', 'value'],
        words: [1],
        rows: [...own].map(([path, value]) => [pathText(path), named(value)]),
      }),
    )}`;
  },
};

type Asked = ReportRun['record']['experiment'];

/** Plugins are told where it is told how the run was made. */
function fieldsOf({
  plugins,
  ...experiment
}: Asked): ReadonlyMap<string, string> {
  return flatFields(experiment);
}

function differences(
  experiment: Asked,
  own: ReadonlyMap<string, string>,
): Html {
  const { preset = 'paper' } = experiment;
  const whole = fieldsOf({ ...resolveExperiment({ preset }) });
  const paths = [...new Set([...own.keys(), ...whole.keys()])].filter(
    (path) => own.get(path) !== whole.get(path),
  );
  const name = named(String(preset));
  if (paths.length === 0) {
    return html`<p>The experiment is the preset “${name}”.</p>`;
  }
  return html`<p>
      The experiment differs from the preset “${name}” in
      ${counted(paths.length, 'field')}.
    </p>
    ${table({
      caption: 'Where the experiment differs from its preset',
      columns: ['field', 'this run', 'preset'],
      words: [1, 2],
      rows: paths.map((path) => [
        pathText(path),
        named(own.get(path) ?? none),
        named(whole.get(path) ?? none),
      ]),
    })}`;
}

/** A path that breaks at its dots where there is no room. */
function pathText(path: string): Html {
  const steps = path.split('.');
  return html`<bdi
    >${steps.map((step, i) => (i === 0 ? step : html`.<wbr />${step}`))}</bdi
  >`;
}
