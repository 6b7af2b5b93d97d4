"""A second small text tower for packages/text-encoder: other sizes, exact GELU, and the names of open_clip.

    python tools/reference/text_encoder_open_clip.py        (needs torch, onnx, onnxruntime and safetensors)

fixtures/open-clip/
    open_clip_config.json, config.json    the same tower, as open_clip and as transformers describe it
    open_clip_model.safetensors           its weights by open_clip's names, beside a piece of an image tower
    float16.safetensors, bfloat16.safetensors   the same in half precision
    onnx/text_model.onnx                  exported from the same weights under transformers' names
    float16.onnx, quantised.onnx          the same in half precision, and with 8-bit weights
    golden.json                           what open_clip's form of the tower computes, in float64: token ids, features, and
                                          the states at [EOT] before the projection

The tokenizer is that of fixtures/clip.
"""

import json

import onnx
import text_encoder as first
import torch
from onnxruntime.quantization import quantize_dynamic
from safetensors.torch import save_file
from torch import nn

# The classes of the first tower read their sizes from the module, so this is how they get others.
first.W, first.HEADS, first.LAYERS, first.D, first.POSITIONS, first.HIDDEN = W, HEADS, LAYERS, D, POSITIONS, HIDDEN = 12, 3, 3, 10, 20, 48
FOLDER = first.FIXTURES / "open-clip"
SEQUENCES = [[5, 6, 7, 8, 9], [5, 6, 10], [], list(range(18)), [91, 3]]


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.attn, self.ln_2 = nn.LayerNorm(W), nn.MultiheadAttention(W, HEADS), nn.LayerNorm(W)
        self.mlp = nn.Module()
        self.mlp.c_fc, self.mlp.c_proj = nn.Linear(W, HIDDEN), nn.Linear(HIDDEN, W)

    def forward(self, x, mask):
        normal = self.ln_1(x)
        x = x + self.attn(normal, normal, normal, need_weights=False, attn_mask=mask)[0]
        return x + self.mlp.c_proj(nn.functional.gelu(self.mlp.c_fc(self.ln_2(x))))


class OpenClipTower(nn.Module):
    """The text half of open_clip's `CLIP`."""

    def __init__(self):
        super().__init__()
        self.token_embedding = nn.Embedding(len(first.VOCABULARY), W)
        self.positional_embedding = nn.Parameter(torch.empty(POSITIONS, W))
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.ln_final, self.text_projection = nn.LayerNorm(W), nn.Parameter(torch.empty(W, D))

    def forward(self, ids):
        x = (self.token_embedding(ids) + self.positional_embedding[: ids.shape[1]]).permute(1, 0, 2)
        mask = torch.full((ids.shape[1],) * 2, -torch.inf, dtype=x.dtype).triu(1)
        for block in self.transformer.resblocks:
            x = block(x, mask)
        pooled = self.ln_final(x.permute(1, 0, 2))[torch.arange(len(ids)), ids.argmax(-1)]
        return pooled, pooled @ self.text_projection


def of_transformers(state):
    """A state dict of open_clip's, by the names of transformers."""
    named = {
        "text_model.embeddings.token_embedding.weight": state["token_embedding.weight"],
        "text_model.embeddings.position_embedding.weight": state["positional_embedding"],
        "text_projection.weight": state["text_projection"].T,
    }
    parts = {"ln_1": "layer_norm1", "ln_2": "layer_norm2", "attn.out_proj": "self_attn.out_proj", "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2"}
    for kind in ("weight", "bias"):
        named[f"text_model.final_layer_norm.{kind}"] = state[f"ln_final.{kind}"]
        for layer in range(LAYERS):
            old, new = f"transformer.resblocks.{layer}", f"text_model.encoder.layers.{layer}"
            for theirs, ours in parts.items():
                named[f"{new}.{ours}.{kind}"] = state[f"{old}.{theirs}.{kind}"]
            for part, third in zip("qkv", state[f"{old}.attn.in_proj_{kind}"].chunk(3)):
                named[f"{new}.self_attn.{part}_proj.{kind}"] = third
    return named


def export(model, path):
    axes = {"input_ids": {0: "batch", 1: "sequence"}, "text_embeds": {0: "batch"}, "last_hidden_state": {0: "batch", 1: "sequence"}}
    torch.onnx.export(
        model, (torch.tensor([[first.SOS, 1, 2, first.EOT]]),), path, dynamo=False, opset_version=14,
        input_names=["input_ids"], output_names=["text_embeds", "last_hidden_state"], dynamic_axes=axes,
    )  # fmt: skip


def main():
    (FOLDER / "onnx").mkdir(parents=True, exist_ok=True)
    torch.manual_seed(2)
    tower = OpenClipTower()
    with torch.no_grad():
        for name, p in tower.named_parameters():
            p.copy_(torch.randn_like(p) * 0.3 + ("ln_" in name and name.endswith("weight")))
    state = tower.state_dict()
    beside = {"visual.class_embedding": torch.zeros(4), "logit_scale": torch.tensor(4.6)}
    save_file({**state, **beside}, FOLDER / "open_clip_model.safetensors")
    for precision in ("float16", "bfloat16"):
        cast = {k: v.to(getattr(torch, precision)) for k, v in state.items()}
        save_file(cast, FOLDER / f"{precision}.safetensors")

    same = first.Tower("gelu").eval()
    same.load_state_dict(of_transformers(state))
    export(same, FOLDER / "onnx/text_model.onnx")
    export(same.half(), FOLDER / "float16.onnx")
    # To be refused, one layer is enough.
    first.LAYERS = 1
    export(first.Tower("gelu").eval(), FOLDER / "quantised.onnx")
    quantize_dynamic(FOLDER / "quantised.onnx", FOLDER / "quantised.onnx")
    quantised = onnx.load(FOLDER / "quantised.onnx")
    assert any(node.op_type == "MatMulInteger" for node in quantised.graph.node)

    text = {"context_length": POSITIONS, "vocab_size": len(first.VOCABULARY), "width": W, "heads": HEADS, "layers": LAYERS}
    open_clip = {"model_cfg": {"embed_dim": D, "vision_cfg": {"layers": 1}, "text_cfg": text}, "preprocess_cfg": {}}
    (FOLDER / "open_clip_config.json").write_text(json.dumps(open_clip, indent=1) + "\n")
    config = {
        "architectures": ["CLIPTextModelWithProjection"], "model_type": "clip_text_model", "hidden_act": "gelu",
        "hidden_size": W, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "intermediate_size": HIDDEN,
        "projection_dim": D, "max_position_embeddings": POSITIONS, "vocab_size": len(first.VOCABULARY), "layer_norm_eps": 1e-5,
        "bos_token_id": 0, "eos_token_id": 2,
    }  # fmt: skip
    (FOLDER / "config.json").write_text(json.dumps(config, indent=1) + "\n")

    golden = []
    with torch.no_grad():
        for ids in SEQUENCES:
            pooled, features = tower.double()(torch.tensor([[first.SOS, *ids, first.EOT]]))
            golden.append({"ids": ids, "features": features[0].tolist(), "pooled": pooled[0].tolist()})
    (FOLDER / "golden.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
