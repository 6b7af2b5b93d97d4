import { decidedEvents } from '../events.js';
import { intervalText, none } from '../figure-text.js';
import { figures, figureWith } from '../figures/drawing.js';
import { key } from '../figures/key.js';
import { netBenefitFigure } from '../figures/net-benefit.js';
import { netBenefits } from '../net-benefits.js';
import { html, type Html } from '../page/html.js';
import { details, table } from '../page/table.js';
import type { Section } from '../section.js';

/** What acting on the probabilities would be worth. */
export const netBenefitSection: Section = {
  id: 'net-benefit',
  title: 'Net benefit',
  async render(run) {
    const drawn: Html[] = [];
    for (const event of decidedEvents(run)) {
      const points = await netBenefits(run, event);
      const better = points.filter(
        ({ model, all }) => model > Math.max(all, 0),
      );
      const figure = {
        id: `${run.key}-net-benefit-${event.index}`,
        title: `Net benefit of acting on “${event.name}”`,
        description: `At ${better.length} of ${points.length} thresholds from 0.05 to 0.95 the model is worth more than acting on all nodules or on none.`,
      };
      drawn.push(
        figureWith(
          netBenefitFigure({ ...figure, points }),
          figure,
          details(
            'Numbers',
            table({
              caption: figure.title,
              columns: ['threshold', 'model', '95 % interval', 'all'],
              rows: points.map(({ threshold, model, band, all }) => [
                threshold.toFixed(2),
                model.toFixed(3),
                band === null
                  ? none
                  : intervalText(band, { shownAs: 'decimal' }),
                all.toFixed(3),
              ]),
            }),
          ),
        ),
      );
    }
    return html`<p>
        In true positives a nodule, less the false positives at what the
        threshold says they cost (Vickers and Elkin 2006). The model is worth
        something where it is above both other lines.
      </p>
      ${key([
        { text: 'the model, with its 95 % band by patient', colour: 'a' },
        { text: 'acting on all', colour: 'b', dashed: true },
        { text: 'acting on none', colour: 'ink' },
      ])}${figures(drawn)}`;
  },
};
