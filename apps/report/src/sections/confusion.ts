import { at } from '@clip-lung/tensor';

import { confusionFigure } from '../figures/confusion.js';
import { figures, figureWith } from '../figures/drawing.js';
import { html, named } from '../page/html.js';
import { table } from '../page/table.js';
import type { Section } from '../section.js';

/** Which classes are taken for which. */
export const confusionSection: Section = {
  id: 'confusion',
  title: 'Confusion matrix',
  render({ key, tested: { cases } }) {
    const { classes, confusion } = cases;
    const right = classes.map((_name, k) => at(at(confusion, k), k));
    const figure = {
      id: `${key}-confusion`,
      title: 'True and predicted classes',
      description: `Of ${classes
        .map((name, k) => {
          const all = at(confusion, k).reduce((sum, count) => sum + count, 0);
          return `${all} ${name}, ${at(right, k)} are predicted as such`;
        })
        .join('; of ')}.`,
      classes,
      confusion,
    };
    return html`${figures([
      figureWith(confusionFigure(figure), figure),
    ])}${table({
      caption: 'Nodules by true class (rows) and predicted class (columns)',
      columns: ['true \\ predicted', ...classes.map(named)],
      rows: classes.map((name, k) => [named(name), ...at(confusion, k)]),
    })}`;
  },
};
