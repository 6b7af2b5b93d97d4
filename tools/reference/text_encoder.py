"""Fixtures of packages/text-encoder: a very small CLIP text model in the Hugging Face layout, and what PyTorch computes from it.

    python tools/reference/text_encoder.py        (needs torch, onnx and safetensors)

fixtures/clip/           config.json, tokenizer.json, tokenizer_config.json, model.safetensors, onnx/text_model.onnx:
                         two layers, random weights, a byte-pair vocabulary of letters and a few merges
fixtures/*.safetensors   for each set of prompts: context vectors and, from the tower as CLIP runs it (every prompt by
                         itself, padded to all positions, causal mask), the features and the gradients of a weighted sum
                         of them. Inputs are float32 values; arithmetic is float64, so that a test's tolerance is about
                         the code under test alone.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

FIXTURES = Path(__file__).parents[2] / "packages/text-encoder/fixtures"
W, HEADS, LAYERS, D, POSITIONS, HIDDEN = 16, 2, 2, 12, 32, 40
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!-"
MERGES = ["t h", "th e</w>", "i s</w>", "o f</w>", "n o", "d u", "l e</w>", "b e", "be n", "i g", "ig n</w>", "m a"]
VOCABULARY = {t: i for i, t in enumerate([*LETTERS, *(c + "</w>" for c in LETTERS), *(m.replace(" ", "") for m in MERGES)])}
SOS, EOT = len(VOCABULARY), len(VOCABULARY) + 1
VOCABULARY |= {"<|startoftext|>": SOS, "<|endoftext|>": EOT}


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        for name in ("k_proj", "v_proj", "q_proj", "out_proj"):
            setattr(self, name, nn.Linear(W, W))

    def forward(self, x, mask):
        q, k, v = (p(x).unflatten(-1, (HEADS, W // HEADS)).transpose(-2, -3) for p in (self.q_proj, self.k_proj, self.v_proj))
        shares = (q @ k.transpose(-1, -2) * (W // HEADS) ** -0.5 + mask).softmax(-1)
        return self.out_proj((shares @ v).transpose(-2, -3).flatten(-2))


class Mlp(nn.Module):
    def __init__(self, activation):
        super().__init__()
        self.activation, self.fc1, self.fc2 = activation, nn.Linear(W, HIDDEN), nn.Linear(HIDDEN, W)

    def forward(self, x):
        x = self.fc1(x)
        return self.fc2(F.gelu(x) if self.activation == "gelu" else x * torch.sigmoid(1.702 * x))


class Block(nn.Module):
    def __init__(self, activation):
        super().__init__()
        self.self_attn, self.layer_norm1, self.mlp, self.layer_norm2 = Attention(), nn.LayerNorm(W), Mlp(activation), nn.LayerNorm(W)

    def forward(self, x, mask):
        x = x + self.self_attn(self.layer_norm1(x), mask)
        return x + self.mlp(self.layer_norm2(x))


class Tower(nn.Module):
    """Named as transformers' CLIPTextModelWithProjection, so that its state dict is a model.safetensors."""

    def __init__(self, activation="quick_gelu"):
        super().__init__()
        text = self.text_model = nn.Module()
        text.embeddings = nn.Module()
        text.embeddings.token_embedding = nn.Embedding(len(VOCABULARY), W)
        text.embeddings.position_embedding = nn.Embedding(POSITIONS, W)
        text.encoder = nn.Module()
        text.encoder.layers = nn.ModuleList(Block(activation) for _ in range(LAYERS))
        text.final_layer_norm = nn.LayerNorm(W)
        self.text_projection = nn.Linear(W, D, bias=False)

    def states(self, x):
        x = x + self.text_model.embeddings.position_embedding.weight[: x.shape[1]]
        mask = torch.full((x.shape[1], x.shape[1]), -torch.inf, dtype=x.dtype).triu(1)
        for block in self.text_model.encoder.layers:
            x = block(x, mask)
        return self.text_model.final_layer_norm(x)

    def forward(self, input_ids):
        states = self.states(self.text_model.embeddings.token_embedding(input_ids))
        ends = input_ids.argmax(-1)  # [EOT] is the highest id
        return self.text_projection(states[torch.arange(input_ids.shape[0]), ends]), states

    def prompts(self, context, prompts):
        """context [B, S, W] → features [B, P, D]; every prompt by itself, padded to all positions with [EOT]."""
        table = self.text_model.embeddings.token_embedding.weight
        row = lambda token: table[token].expand(len(context), W)  # noqa: E731
        features = []
        for items in prompts:
            rows = [context[:, item["slot"]] if "slot" in item else row(item["token"]) for item in items]
            padding = [row(EOT)] * (POSITIONS - 1 - len(items))
            states = self.states(torch.stack([row(SOS), *rows, *padding], 1))
            features.append(self.text_projection(states[:, 1 + len(items)]))
        return torch.stack(features, 1)


def tower(activation):
    torch.manual_seed(0)
    model = Tower(activation)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(torch.randn_like(p) * 0.3 + ("norm" in name and name.endswith("weight")))
    return model


def write_model():
    folder = FIXTURES / "clip"
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    model = tower("quick_gelu").eval()
    save_file(model.state_dict(), folder / "model.safetensors", {"format": "pt"})
    axes = {"input_ids": {0: "batch", 1: "sequence"}, "text_embeds": {0: "batch"}, "last_hidden_state": {0: "batch", 1: "sequence"}}
    torch.onnx.export(
        model, (torch.tensor([[SOS, 1, 2, EOT]]),), folder / "onnx/text_model.onnx", dynamo=False, opset_version=14,
        input_names=["input_ids"], output_names=["text_embeds", "last_hidden_state"], dynamic_axes=axes,
    )  # fmt: skip
    config = {
        "architectures": ["CLIPTextModelWithProjection"], "model_type": "clip_text_model", "hidden_act": "quick_gelu",
        "hidden_size": W, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "intermediate_size": HIDDEN,
        "projection_dim": D, "max_position_embeddings": POSITIONS, "vocab_size": len(VOCABULARY), "layer_norm_eps": 1e-5,
        "bos_token_id": SOS, "eos_token_id": EOT,
    }  # fmt: skip
    special = dict(single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    words = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    byte_level = dict(type="ByteLevel", trim_offsets=True, use_regex=True)
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": SOS, "content": "<|startoftext|>", **special}, {"id": EOT, "content": "<|endoftext|>", **special}],
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}, {"type": "Lowercase"}]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": words}, "behavior": "Removed", "invert": True}, {**byte_level, "add_prefix_space": False}]},
        "post_processor": {"type": "RobertaProcessing", "sep": ["<|endoftext|>", EOT], "cls": ["<|startoftext|>", SOS], "trim_offsets": False, "add_prefix_space": False},
        "decoder": {**byte_level, "add_prefix_space": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<|endoftext|>", "continuing_subword_prefix": "", "end_of_word_suffix": "</w>",
                  "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, "vocab": VOCABULARY, "merges": [m.split(" ") for m in MERGES]},
    }  # fmt: skip
    of_tokenizer = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "tokenizer_class": "CLIPTokenizer"}
    for name, content in (("config", config), ("tokenizer", tokenizer), ("tokenizer_config", of_tokenizer)):
        (folder / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")


def slots(first, count):
    return [{"slot": first + at} for at in range(count)]


def tokens(*ids):
    return [{"token": i} for i in ids]


def write_features(name, activation, prompts, batch=3):
    model = tower(activation).double()
    count = 1 + max(item.get("slot", -1) for items in prompts for item in items)
    context = (torch.randn(batch, count, W) * 0.3).double().requires_grad_()
    features = model.prompts(context, prompts)
    weighting = torch.randn(features.shape).double()
    (features * weighting).sum().backward()
    # The token embedding is left out: what trains a tower leaves its table as it is.
    gradients = {f"gradient.{k}": p.grad for k, p in model.named_parameters() if "token_embedding" not in k}
    arrays = {"context": context, "weighting": weighting, "features": features, "gradient.context": context.grad, **gradients}
    save_file(
        {k: v.detach().float().contiguous() for k, v in arrays.items()},
        FIXTURES / f"{name}.safetensors",
        {"prompts": json.dumps(prompts), "activation": activation},
    )


if __name__ == "__main__":
    write_model()
    shared = lambda length, suffixes: [slots(0, length) + tokens(*suffix) for suffix in suffixes]  # noqa: E731
    # Different lengths; shared and unshared beginnings; a prefix of another; equal prompts; a prompt of nothing but [EOT].
    write_features("mixed", "quick_gelu", shared(4, [[5, 6, 7, 8], [5, 6, 9], [10, 11], [5, 6], [5, 6, 9], [12], []]))
    write_features("gelu", "gelu", shared(2, [[1, 2, 3], [1, 4], [5]]))
    # Fills all positions: [SOS], 4 of context, 26 tokens, [EOT].
    write_features("longest", "quick_gelu", shared(4, [list(range(26)), [0, 1, 2, 40]]), batch=1)
    # Contexts of one's own for each of two classes, and one for two attributes.
    own = [slots(0, 3) + tokens(5, 6), slots(3, 3) + tokens(7, 6), slots(6, 3) + tokens(8, 9), slots(6, 3) + tokens(9)]
    write_features("class-specific", "quick_gelu", own)
    # Names amid the context and in front of it, of one and of two tokens; and a prompt without context.
    middle = [slots(0, 1) + tokens(*name) + slots(1, 2) + tokens(9) for name in ([5], [5, 6], [7])]
    front = [tokens(*name) + slots(0, 3) + tokens(9) for name in ([5], [5, 6], [7])]
    write_features("moved", "quick_gelu", [*middle, *front, tokens(5, 6, 9)])
