import {
  classAttribute,
  crossEntropy,
  imageAttribute,
  imageClass,
  type Loss,
} from '@clip-lung/losses';
import { z } from 'zod';

import { Registry } from '../registry.js';

const noOptions = z.strictObject({});

export const losses = new Registry<Record<string, never>, Loss>('loss')
  .add({
    name: 'cross-entropy',
    options: noOptions,
    create: () => crossEntropy(),
  })
  .add({ name: 'image-class', options: noOptions, create: () => imageClass() })
  .add({
    name: 'image-attribute',
    options: noOptions,
    create: () => imageAttribute(),
  })
  .add({
    name: 'class-attribute',
    options: noOptions,
    create: () => classAttribute(),
  });
