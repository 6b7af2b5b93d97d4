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
      projection: true,
      readAt: 'eot',
      eotId: null,
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

  it('knows a tower without projection by its class, and its D is its W', () => {
    const json = { model_type: 'clip_text_model', hidden_size: 768 };
    expect(read({ ...json, num_attention_heads: 12 })).toMatchObject({
      projection: true,
      embedding: 512,
    });
    const bare = { ...json, architectures: ['CLIPTextModel'] };
    expect(read({ ...bare, num_attention_heads: 12 })).toMatchObject({
      projection: false,
      embedding: 768,
    });
  });

  it('reads at the largest id where an old file says so, else at the id of [EOT]', () => {
    const text = (id: number) =>
      read({ model_type: 'clip', text_config: { eos_token_id: id } });
    expect(text(2)).toMatchObject({ readAt: 'largest-id', eotId: null });
    expect(text(49407)).toMatchObject({ readAt: 'eot', eotId: 49407 });
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
      /not a multiple of num_attention_heads 7/,
    ],
    ['no object', [], /config\.json/],
  ])('refuses %s', (_, json, message) => {
    expect(() => read(json)).toThrow(FileFormatError);
    expect(() => read(json)).toThrow(message);
  });
});
