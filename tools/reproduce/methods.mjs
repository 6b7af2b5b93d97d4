/** What the table compares: files of experiments/, and what is the same for all of them. */

const method = (name, file, set = []) => ({ name, file, set });

/** How the phantom is made: about 400 nodules of 133 patients. */
export const data = ['--patients', '133', '--seed', '1'];

/**
 * A quarter of the paper's width and an eighth of its epochs, so that the whole table takes less than two hours on two
 * cores; the learning rate and the average are raised for so few steps. The text tower's weights are random.
 */
export const everywhere = [
  'image.width=16',
  'training.epochs=12',
  'training.batchSize=16',
  'training.learningRate=0.01',
  'training.ema=0.95',
  'training.emaWarmup=true',
  // As the table in docs/reproducing.md was made.
  'data.validationBy=nodules',
];

/** The random tower's tokens are words, and the context takes four of them. */
const text = [
  'text={"use":"random"}',
  'prompt.attributeTemplate=the nodule has a {attribute}.',
];

export const baselines = [
  method('Cross-entropy', 'ce'),
  method('Poisson', 'poisson'),
  method('NSB', 'nsb'),
  method('UDM', 'udm'),
  method('CORF', 'corf'),
  method('CLIP (fixed template)', 'clip', text),
  method('CoOp', 'coop', text),
  method('CoCoOp', 'cocoop', text),
  method('CLIP-Lung', 'clip-lung', text),
];

/** Those of the paper's methods whose runs can also be evaluated by the texts of the classes. */
export const byTexts = baselines.filter(({ set }) => set === text);

export const steps = [
  method('CE + IC, CCP', 'ablation-ic', text),
  method('CE + IC + IA, CCP', 'ablation-ic-ia', text),
  method('CE + IC + CA, CCP', 'ablation-ic-ca', text),
  method('CE + IC + IA, no CCP', 'ablation-ic-ia-without-ccp', text),
  method('CE + IC + CA, no CCP', 'ablation-ic-ca-without-ccp', text),
  method('CE + IC + IA + CA, no CCP', 'ablation-ic-ia-ca-without-ccp', text),
];

export const beyond = [
  method('Focal loss', 'focal'),
  method('Class-balanced loss', 'class-balanced'),
  method('Readers’ votes', 'votes'),
];
