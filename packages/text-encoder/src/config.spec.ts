import { FileFormatError } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';
import { readTextTowerConfig } from './index.js';

const read = (json: unknown) => readTextTowerConfig(json, 'config.json');

describe('readTextTowerConfig', () => {
  it('takes what a file leaves out from the defaults of the format, which are those of ViT-B', () => {
    expect(read({ model_type: 'clip_text_model' })).toEqual({
      width: 512,
      layers: 12,
      heads: 8,
      hidden: 2048,
      embedding: 512,
      positions: 77,
      vocabulary: 49408,
      activation: 'quick_gelu',
      epsilon: 1e-5,
    });
    expect(read({ model_type: 'clip' })).toEqual(
      read({ model_type: 'clip_text_model' }),
    );
  });

  it('reads the text part of a full model, whose own projection width counts', () => {
    const config = read({
      model_type: 'clip',
      projection_dim: 768,
      vision_config: { hidden_size: 1024 },
      text_config: {
        hidden_size: 1024,
        num_attention_heads: 16,
        hidden_act: 'gelu',
        projection_dim: 512,
      },
    });
    expect(config).toMatchObject({
      width: 1024,
      heads: 16,
      activation: 'gelu',
      embedding: 768,
    });
  });

  it.each([
    ['another model', { model_type: 'bert' }, /model_type/],
    [
      'another activation',
      { model_type: 'clip_text_model', hidden_act: 'relu' },
      /hidden_act/,
    ],
    [
      'a width that is no number',
      { model_type: 'clip', text_config: { hidden_size: '512' } },
      /text_config\.hidden_size/,
    ],
    [
      'heads that do not divide the width',
      { model_type: 'clip_text_model', num_attention_heads: 7 },
      /no multiple of num_attention_heads 7/,
    ],
    ['no object', [], /config\.json/],
  ])('refuses %s', (_, json, message) => {
    expect(() => read(json)).toThrow(FileFormatError);
    expect(() => read(json)).toThrow(message);
  });
});
