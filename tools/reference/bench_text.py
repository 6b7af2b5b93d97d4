"""PyTorch peers of `npm run bench -- text`: CLIP's frozen text tower, forward and gradient to the context.

    python tools/reference/bench_text.py <published | best> <folder>        (needs torch and safetensors)

published   as the published code runs it: a loop over nodules, every prompt padded to 77 tokens
best        as fast as we could make it in PyTorch: all prompts of all nodules batched, those of a nodule packed as one
            sequence, the prefix tree of their tokens, each token seeing its ancestors alone

The folder holds `tower.safetensors`, by the names of transformers, `inputs.safetensors` (context [B, T, W] and the
weights of the features' sum, [P, D]) and `prompts.json` (special ids, and the ids after the context). For every line
`run <nodules>` on standard input one step is run, and a line of JSON says how long it took.
"""

import json
import resource
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

HEADS, POSITIONS, SLOPE = 8, 77, 1.702


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.attn = nn.MultiheadAttention(width, HEADS)
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.c_fc, self.c_proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def feed_forward(self, x):
        hidden = self.c_fc(self.ln_2(x))
        return x + self.c_proj(hidden * torch.sigmoid(SLOPE * hidden))

    def read(self, weights, name):
        """Takes its weights from those of transformers, of which the three projections are one here."""
        for kind in ("weight", "bias"):
            get = lambda part: weights[f"{name}.{part}.{kind}"]  # noqa: E731
            projections = torch.cat([get(f"self_attn.{p}_proj") for p in "qkv"])
            setattr(self.attn, f"in_proj_{kind}", nn.Parameter(projections))
            for own, part in ((self.attn.out_proj, "self_attn.out_proj"), (self.ln_1, "layer_norm1"), (self.ln_2, "layer_norm2"),
                              (self.c_fc, "mlp.fc1"), (self.c_proj, "mlp.fc2")):  # fmt: skip
                setattr(own, kind, nn.Parameter(get(part)))


class Tower:
    def __init__(self, folder):
        weights = load_file(folder / "tower.safetensors")
        self.tokens = weights["text_model.embeddings.token_embedding.weight"]
        self.positions = weights["text_model.embeddings.position_embedding.weight"]
        self.projection = weights["text_projection.weight"].T
        self.width = self.tokens.shape[1]
        layers = len({name.split(".")[3] for name in weights if ".layers." in name})
        self.blocks = nn.ModuleList(Block(self.width) for _ in range(layers))
        for layer, block in enumerate(self.blocks):
            block.read(weights, f"text_model.encoder.layers.{layer}")
        self.blocks.requires_grad_(False)
        self.last_norm = nn.LayerNorm(self.width)
        self.last_norm.load_state_dict({k: weights[f"text_model.final_layer_norm.{k}"] for k in ("weight", "bias")})
        self.last_norm.requires_grad_(False)


class Published:
    def __init__(self, tower, sos, eot, suffixes, context_length):
        self.tower = tower
        after = POSITIONS - 1 - context_length
        self.before = tower.tokens[sos].expand(len(suffixes), 1, -1)
        self.after = tower.tokens[torch.tensor([[*s, eot] + [0] * (after - len(s) - 1) for s in suffixes])]
        self.ends = torch.tensor([1 + context_length + len(s) for s in suffixes])
        self.mask = torch.full((POSITIONS, POSITIONS), -torch.inf).triu(1)
        self.tokens_per_nodule = len(suffixes) * POSITIONS

    def features(self, contexts):
        return torch.stack([self.features_of_one(context) for context in contexts])

    def features_of_one(self, context):
        prompts = len(self.ends)
        x = torch.cat([self.before, context.expand(prompts, -1, -1), self.after], 1) + self.tower.positions
        x = x.permute(1, 0, 2)  # CLIP's blocks take [sequence, batch, width]
        for block in self.tower.blocks:
            normal = block.ln_1(x)
            x = block.feed_forward(x + block.attn(normal, normal, normal, need_weights=False, attn_mask=self.mask)[0])
        x = self.tower.last_norm(x.permute(1, 0, 2))
        return x[torch.arange(prompts), self.ends] @ self.tower.projection


class Best:
    def __init__(self, tower, sos, eot, suffixes, context_length):
        self.tower = tower
        ids, self.ends, children = [], [], {}
        parents = list(range(-1, context_length))
        for suffix in suffixes:
            at = context_length
            for token in [*suffix, eot]:
                if (at, token) not in children:
                    children[at, token] = len(parents)
                    parents.append(at)
                    ids.append(token)
                at = children[at, token]
            self.ends.append(at)
        depths, self.mask = [], torch.eye(len(parents), dtype=torch.bool)
        for node, parent in enumerate(parents):
            depths.append(depths[parent] + 1 if parent >= 0 else 0)
            if parent >= 0:
                self.mask[node] |= self.mask[parent]
        self.places = tower.positions[torch.tensor(depths)]
        self.start, self.suffix = tower.tokens[sos].view(1, 1, -1), tower.tokens[torch.tensor(ids)]
        self.tokens_per_nodule = len(parents)

    def features(self, contexts):
        batch, width = len(contexts), self.tower.width
        heads = lambda rows: rows.unflatten(-1, (HEADS, width // HEADS)).transpose(-2, -3)  # noqa: E731
        x = torch.cat([self.start.expand(batch, 1, width), contexts, self.suffix.expand(batch, -1, -1)], 1) + self.places
        for layer, block in enumerate(self.tower.blocks):
            normal, mask = block.ln_1(x), self.mask
            queries, keys, values = F.linear(normal, block.attn.in_proj_weight, block.attn.in_proj_bias).chunk(3, -1)
            if layer == len(self.tower.blocks) - 1:
                queries, x, mask = queries[:, self.ends], x[:, self.ends], mask[self.ends]
            mixed = F.scaled_dot_product_attention(heads(queries), heads(keys), heads(values), attn_mask=mask)
            x = block.feed_forward(x + block.attn.out_proj(mixed.transpose(-2, -3).flatten(-2)))
        return self.tower.last_norm(x) @ self.tower.projection


def main():
    design, folder = {"published": Published, "best": Best}[sys.argv[1]], Path(sys.argv[2])
    prompts = json.loads((folder / "prompts.json").read_text())
    inputs = load_file(folder / "inputs.safetensors")
    # The published code has a ninth attribute, malignancy.
    suffixes = prompts["suffixes"] + (prompts["ninth"] if design is Published else [])
    context_length = inputs["context"].shape[1]
    peer = design(Tower(folder), prompts["sos"], prompts["eot"], suffixes, context_length)
    print(json.dumps({"tokens": peer.tokens_per_nodule}), flush=True)
    for line in sys.stdin:
        nodules = int(line.split()[1])
        contexts = inputs["context"][:nodules].clone().requires_grad_()
        start, cpu = time.perf_counter(), time.process_time()
        features = peer.features(contexts)
        counted = features[:, : len(inputs["weighting"])]
        (counted * inputs["weighting"]).sum().backward()
        milliseconds, cpu = (time.perf_counter() - start) * 1e3, (time.process_time() - cpu) * 1e3
        result = {"ms": milliseconds, "cpuMs": cpu, "peakMB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                  "features": counted[0].flatten().tolist(), "gradient": contexts.grad[0].flatten().tolist()}  # fmt: skip
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
