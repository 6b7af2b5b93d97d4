"""Fixtures of packages/model: ten steps of training the whole of CLIP-Lung, as PyTorch computes them.

    python tools/reference/model.py        (needs torch and safetensors)

The model is written with torch's layers alone: a ResNet-18 over slices, its head, channel-wise conditional prompts, CLIP's
text tower (each prompt a sequence of its own under a causal mask, padded to all positions), the four terms of the loss.
`torch.optim.SGD`, its cosine and its averaged model train it. Parameters and inputs are float32 values; all arithmetic is
float64, so that a test's tolerance is about the code under test alone.

fixtures/start.safetensors           five batches, and everything that is learned before the first step
fixtures/paper.safetensors           preset `paper`: every term and the logits of each step; parameters, statistics and
                                     their averages after the last
fixtures/published-code.safetensors  the same of the preset `published-code`
fixtures/by-texts.safetensors        what the model at its start makes of all batches, as inference sees them: the head's logits,
                                     and those by the classes' texts, with each kind of prompt

The published code (https://github.com/ymLeiFDU/CLIP-Lung) differs as follows. Names, templates and the schedule are its own,
from models/resnet.py, models/text_encoder.py and main.py there:

- Its prompts say "internalStructure", as one word.
- Its learning rate falls once an epoch.

- The tower is trained with the rest: its blocks, position embeddings, last normalisation and projection. The table of
  tokens is not: prompts keep the rows of it that they need, as in CoOp.
- There is a ninth attribute, malignancy, in front of the others; wᵢ is the softmax of nine ratings.
- The logit scale has no bound.
- L_IC takes the labels of the batch's first T nodules as targets: group t of every nodule is held against the class of
  nodule t, mean over i and t of −log softmaxₖ(s·fᵢₜ·cᵢₖ)[yₜ].
- L_IA: the T means over the attributes, meanₘ(s·fᵢₜ·aᵢₘ·wᵢₘ), one for each group, are logits [B, T], and the class label
  is an index into them: mean over i of −log softmaxₜ(…)[yᵢ]. It needs T ≥ K.
- L_CA: likewise the K means meanₘ(s·cᵢₖ·aᵢₘ·wᵢₘ) are logits [B, K]: mean over i of −log softmaxₖ(…)[yᵢ].
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

FIXTURES = Path(__file__).parents[2] / "packages/model/fixtures"


@dataclass(frozen=True)
class Sizes:
    """Those of the paper."""

    slices: int = 32
    width: int = 64  # channels of the first stage
    groups: int = 4  # T
    embedding: int = 512  # D
    classes: int = 3  # K
    reduction: int = 16
    text_width: int = 512  # W
    layers: int = 12
    heads: int = 8
    positions: int = 77


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1:
            shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(outputs))

    def forward(self, x):
        branch = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)), inplace=True)))
        return F.relu(branch + (x if self.downsample is None else self.downsample(x)), inplace=True)


class ImageEncoder(nn.Module):
    """images [B, slices, 32, 32] → maps [B, T·D/64, 8, 8], and their T groups of channels, normalised [B, T, D]"""

    def __init__(self, sizes):
        super().__init__()
        w, self.sizes = sizes.width, sizes
        self.conv1 = nn.Conv2d(sizes.slices, w, 3, 1, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(w)
        self.layer1 = nn.Sequential(Block(w, w, 1), Block(w, w, 1))
        self.layer2 = nn.Sequential(Block(w, 2 * w, 2), Block(2 * w, 2 * w, 1))
        self.layer3 = nn.Sequential(Block(2 * w, 4 * w, 2), Block(4 * w, 4 * w, 1))
        self.layer4 = nn.Sequential(Block(4 * w, 8 * w, 2), Block(8 * w, 8 * w, 1))
        self.reduce = nn.Conv2d(2 * w, sizes.groups * sizes.embedding // 64, 1)

    def forward(self, images):
        x = F.relu(self.bn1(self.conv1(images)), inplace=True)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        maps = self.reduce(x.reshape(-1, 2 * self.sizes.width, 8, 8))
        groups = maps.reshape(-1, self.sizes.groups, self.sizes.embedding)
        return maps, F.normalize(groups, dim=-1)


class Head(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.fc = nn.Linear(sizes.groups * sizes.embedding // 64 * 16, sizes.classes)

    def forward(self, maps):
        return self.fc(F.avg_pool2d(maps, 2).flatten(1))


class ChannelConditionalPrompt(nn.Module):
    """groups [B, T, D] → context vectors [B, T, W], each shifted by what its own group shows"""

    def __init__(self, sizes):
        super().__init__()
        hidden = sizes.embedding // sizes.reduction
        self.ctx = nn.Parameter(torch.randn(sizes.groups, sizes.text_width) * 0.02)
        self.meta_net = nn.Sequential()
        self.meta_net.add_module("linear1", nn.Linear(sizes.embedding, hidden))
        self.meta_net.add_module("relu", nn.ReLU())
        self.meta_net.add_module("linear2", nn.Linear(hidden, sizes.text_width))

    def forward(self, groups):
        return self.ctx + self.meta_net(groups)


class TextBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.self_attn = nn.ModuleDict({f"{name}_proj": nn.Linear(width, width) for name in ("q", "k", "v", "out")})
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def forward(self, x):
        normal = self.layer_norm1(x)
        split = lambda name: self.self_attn[name](normal).unflatten(-1, (self.heads, -1)).transpose(-2, -3)  # noqa: E731
        mixed = F.scaled_dot_product_attention(split("q_proj"), split("k_proj"), split("v_proj"), is_causal=True)
        x = x + self.self_attn["out_proj"](mixed.transpose(-2, -3).flatten(-2))
        hidden = self.mlp["fc1"](self.layer_norm2(x))
        return x + self.mlp["fc2"](hidden * torch.sigmoid(1.702 * hidden))


class TextTower(nn.Module):
    """context [B, T, W] → features of P prompts [B, P, D]. Its state dict has the names of transformers' CLIP.

    table: token embeddings [V, W], which are not learned here; prompts: ids after the context, without [EOT]
    """

    def __init__(self, sizes, table, sos, eot, prompts):
        super().__init__()
        w, after = sizes.text_width, sizes.positions - 1 - sizes.groups
        model = self.text_model = nn.Module()
        model.embeddings = nn.Module()
        model.embeddings.position_embedding = nn.Embedding(sizes.positions, w)
        model.encoder = nn.Module()
        model.encoder.layers = nn.ModuleList(TextBlock(w, sizes.heads) for _ in range(sizes.layers))
        model.final_layer_norm = nn.LayerNorm(w)
        self.text_projection = nn.Linear(w, sizes.embedding, bias=False)
        ids = torch.tensor([[*prompt, *[eot] * (after - len(prompt))] for prompt in prompts])
        self.register_buffer("start", table[sos].clone(), persistent=False)
        self.register_buffer("suffixes", table[ids], persistent=False)
        self.ends = torch.tensor([1 + sizes.groups + len(prompt) for prompt in prompts])

    def forward(self, context):
        count, _, width = self.suffixes.shape
        batch = len(context)
        parts = [self.start.expand(batch, count, 1, width), context.unsqueeze(1).expand(-1, count, -1, -1),
                 self.suffixes.expand(batch, -1, -1, -1)]  # fmt: skip
        x = torch.cat(parts, 2) + self.text_model.embeddings.position_embedding.weight
        x = x.flatten(0, 1)
        for block in self.text_model.encoder.layers:
            x = block(x)
        x = self.text_model.final_layer_norm(x).unflatten(0, (batch, count))
        return self.text_projection(x[:, torch.arange(count), self.ends])


class ClipLung(nn.Module):
    """text: from context vectors [B, T, W] to features of the classes, then the attributes, [B, K + M, D]"""

    def __init__(self, sizes, text, largest_scale=100):
        super().__init__()
        self.classes, self.largest = sizes.classes, math.log(largest_scale)
        self.image, self.head = ImageEncoder(sizes), Head(sizes)
        self.prompt = ChannelConditionalPrompt(sizes)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        self.text = text

    def forward(self, images):
        maps, groups = self.image(images)
        features = F.normalize(self.text(self.prompt(groups)), dim=-1)
        scale = self.logit_scale.clamp(max=self.largest).exp()
        return {"logits": self.head(maps), "groups": groups, "classes": features[:, : self.classes],
                "attributes": features[:, self.classes :], "scale": scale}  # fmt: skip


def paper_terms(seen, labels, weights):
    """labels [B], weights [B, M] → the four terms, each before its factor"""
    scale, groups, classes, attributes = (seen[k] for k in ("scale", "groups", "classes", "attributes"))
    batch, count = groups.shape[:2]
    to_classes, to_attributes = (scale * groups @ texts.mT for texts in (classes, attributes))
    of_label = classes[torch.arange(batch), labels].unsqueeze(1)
    return {
        "cross-entropy": F.cross_entropy(seen["logits"], labels),
        "image-class": F.cross_entropy(to_classes.flatten(0, 1), labels.repeat_interleave(count)),
        "image-attribute": F.cross_entropy(to_attributes.flatten(0, 1), weights.repeat_interleave(count, 0)),
        "class-attribute": F.cross_entropy((scale * of_label @ attributes.mT).squeeze(1), weights),
    }


def published_terms(seen, labels, weights):
    """As the published code has them: see the top of this file."""
    scale, groups, classes, attributes = (seen[k] for k in ("scale", "groups", "classes", "attributes"))
    batch, count = groups.shape[:2]
    weighted = attributes * weights.unsqueeze(-1)
    to_classes = scale * groups @ classes.mT
    return {
        "cross-entropy": F.cross_entropy(seen["logits"], labels),
        "image-class": F.cross_entropy(to_classes.flatten(0, 1), labels[:count].repeat(batch)),
        "image-attribute": F.cross_entropy((scale * groups @ weighted.mT).mean(-1), labels),
        "class-attribute": F.cross_entropy((scale * classes @ weighted.mT).mean(-1), labels),
    }


FACTORS = {"cross-entropy": 1, "image-class": 1, "image-attribute": 1, "class-attribute": 0.5}


def total(terms):
    return sum(FACTORS[name] * term for name, term in terms.items())


# What follows makes the fixtures.

STEPS, BATCHES, BATCH = 10, 5, 4
SMALL = Sizes(width=2, embedding=64, text_width=16, layers=2, heads=2, positions=14)
# A rate and decays of a size that shows in ten steps. Much above, this small network's path is chaotic: rounding decides it.
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, AVERAGE_DECAY = 0.003, 0.9, 0.5, 0.8
CLASSES = ["benign", "unsure", "malignant"]
# As the published code lists them; we spell one of them otherwise.
PUBLISHED_ATTRIBUTES = ["malignancy", "subtlety", "internalStructure", "calcification", "sphericity", "margin", "lobulation",
                        "spiculation", "texture"]  # fmt: skip
PAPER_ATTRIBUTES = [{"internalStructure": "internal structure"}.get(name, name) for name in PUBLISHED_ATTRIBUTES[1:]]
# A word is one token or, like "nodule" in CLIP's own vocabulary, several: the context of four is "a no du le". CLIP knows no case.
PIECES = {"nodule": ["no", "du", "le"], "internalstructure": ["intern", "al", "structure"], "lobulation": ["lob", "ulation"],
          "spiculation": ["sp", "ic", "ulation"]}  # fmt: skip
# Above its bound, from which weight decay brings it back within the steps.
HIGH_SCALE = math.log(100) + 0.03


def tokenizer():
    """ids of each word, and of the special tokens, which come last"""
    words = " ".join(["a the image of is .", *CLASSES, *PAPER_ATTRIBUTES, *PUBLISHED_ATTRIBUTES, "nodule"]).lower().split()
    pieces = list(dict.fromkeys(piece for word in words for piece in PIECES.get(word, [word])))
    ids = {word: [pieces.index(piece) for piece in PIECES.get(word, [word])] for word in words}
    return ids, len(pieces), len(pieces) + 1


def crops():
    """Crops as they are stored, [batches, B, 8, 8, 8]: each value stands for 4 × 4 × 4 voxels. A blob on a ground."""
    axis = torch.linspace(-1, 1, 8)
    z, y, x = torch.meshgrid(axis, axis, axis, indexing="ij")
    centre = torch.rand(BATCHES, BATCH, 3, 1, 1, 1) - 0.5
    radius, height = torch.rand(2, BATCHES, BATCH, 1, 1, 1)
    away = (z - centre[:, :, 0]) ** 2 + (y - centre[:, :, 1]) ** 2 + (x - centre[:, :, 2]) ** 2
    return 0.7 * height * torch.exp(-away / (0.2 + radius)) + 0.3 * torch.rand(BATCHES, BATCH, 8, 8, 8)


def voxels(stored):
    """[..., 8, 8, 8] → [..., 32, 32, 32]"""
    for dim in (-1, -2, -3):
        stored = stored.repeat_interleave(4, dim)
    return stored


def as_trained(model):
    """Weights and statistics as after some training: a start of ones and zeros would hide mistakes."""
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            normalises = "bn" in name or "downsample.1" in name or "norm" in name
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2)
            elif name.endswith("running_mean"):
                tensor.normal_(0, 0.5)
            elif normalises and name.endswith("weight"):
                tensor.uniform_(0.5, 1.5)
            elif normalises and name.startswith("text"):
                tensor.normal_(0, 0.3)
            elif normalises and name.endswith("bias"):
                # Far from 0, so that few units are at a ReLU's kink, where rounding would decide which way they go.
                tensor.uniform_(0.7, 1.3).mul_(torch.randn(len(tensor)).sign())
            elif name.startswith("text") or name == "prompt.ctx":
                tensor.normal_(0, 0.25)
            elif tensor.ndim == 4:
                nn.init.kaiming_normal_(tensor, mode="fan_out", nonlinearity="relu")


def build(preset, start):
    """The model of a preset at its start."""
    ids, sos, eot = tokenizer()
    attributes = PUBLISHED_ATTRIBUTES if preset == "published-code" else PAPER_ATTRIBUTES
    texts = [f"a nodule image of {name} ." for name in CLASSES] + [f"the nodule is {name} ." for name in attributes]
    prompts = [[i for word in text.lower().split() for i in ids[word]][SMALL.groups :] for text in texts]
    largest = math.inf if preset == "published-code" else 100
    model = ClipLung(SMALL, TextTower(SMALL, start["table"], sos, eot, prompts), largest)
    if "state" not in start:
        as_trained(model)
        start["state"] = {k: v.clone() for k, v in model.state_dict().items() if "num_batches" not in k}
    model.double().load_state_dict(start["state"], strict=False)
    model.text.requires_grad_(preset == "published-code")
    return model


def variables(model):
    """The tensors that are learned, and the running statistics, under the names that the test knows them by."""
    params = {f"params.{k}": v.detach().clone() for k, v in model.named_parameters() if v.requires_grad}
    statistics = {k.removeprefix("image."): v.clone() for k, v in model.named_buffers() if "running" in k}
    return params | {f"statistics.{k}": v for k, v in statistics.items()}


def train(model, preset, batches):
    """Ten steps, each batch twice. Returns the terms [steps, 4], logits [steps, B, K] and scale [steps], and the averaged model."""
    terms_of = published_terms if preset == "published-code" else paper_terms
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(learned, LEARNING_RATE, MOMENTUM, weight_decay=WEIGHT_DECAY)
    per_epoch = preset == "published-code"
    schedule = CosineAnnealingLR(optimizer, T_max=STEPS // BATCHES if per_epoch else STEPS)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(AVERAGE_DECAY), use_buffers=True)
    average.update_parameters(model)  # the first call copies
    seen = {"terms": [], "logits": [], "scale": []}
    for step, (images, labels, weights) in enumerate([*zip(*batches)] * (STEPS // BATCHES), 1):
        outputs = model(images)
        terms = terms_of(outputs, labels, weights)
        optimizer.zero_grad()
        total(terms).backward()
        optimizer.step()
        if not per_epoch or step % BATCHES == 0:
            schedule.step()
        average.update_parameters(model)
        seen["terms"].append(torch.stack([terms[name] for name in FACTORS]))
        seen["logits"].append(outputs["logits"])
        seen["scale"].append(outputs["scale"])
    return {name: torch.stack(values).detach() for name, values in seen.items()}, average.module


def run(preset, start, logit_scale=None):
    """Everything that the test of a preset compares, and what it starts from."""
    model = build(preset, start)
    if logit_scale is not None:
        model.logit_scale.data.fill_(logit_scale)
    before = variables(model)
    weights = torch.softmax(start["ratings"][..., 0 if preset == "published-code" else 1 :], -1)  # float32, as stored
    seen, average = train(model, preset, (voxels(start["crops"]).double(), start["labels"], weights.double()))
    after = {f"after.{k}": v for k, v in variables(model).items()}
    averaged = {f"average.{k}": v for k, v in variables(average).items()}
    return {"attributeWeights": weights} | seen | after | averaged, before


def contexts(model, start, groups):
    """The context vectors of each kind of prompt, [B or 1, T, W], with the parameters of the channel-conditional one"""
    ids, _, _ = tokenizer()
    words = [i for word in "a nodule image of".split() for i in ids[word]][: SMALL.groups]
    prompt = model.prompt
    return {
        "channel-conditional": prompt(groups),
        "cocoop": prompt.ctx + prompt.meta_net(groups.mean(1)).unsqueeze(1),
        "coop": prompt.ctx.unsqueeze(0),
        "fixed": start["table"][words].double().unsqueeze(0),
    }


def by_texts(start):
    """Logits of every crop, [batches, B, K]: the head's, and means over the groups of s · cos with the classes' texts"""
    model = build("paper", start).eval()
    found = {}
    with torch.no_grad():
        images = voxels(start["crops"]).double().flatten(0, 1)
        maps, groups = model.image(images)
        found["head"] = model.head(maps)
        scale = model.logit_scale.clamp(max=model.largest).exp()
        for name, context in contexts(model, start, groups).items():
            texts = model.text(context)[:, : SMALL.classes].expand(len(groups), -1, -1)
            cosines = F.cosine_similarity(groups.unsqueeze(2), texts.unsqueeze(1), dim=-1)
            found[name] = (scale * cosines).mean(1)
    return {name: logits.unflatten(0, (BATCHES, BATCH)) for name, logits in found.items()}


def tell_sensitivity(preset, start, exact, before, trials=3):
    """How far starts that differ by a millionth lead: a test that allows little more than this tests nothing but rounding."""
    names = [name for name in exact if name.startswith("after.params.")]
    worst = 0
    for _ in range(trials):
        near = {name: value.double() * (1 + 1e-6 * torch.randn(value.shape)) for name, value in start["state"].items()}
        other, _ = run(preset, start | {"state": near})
        worst = max(worst, *(((other[name] - exact[name]).norm() / exact[name].norm()).item() for name in names))
    moved = [((exact[name] - before[name.removeprefix("after.")]).norm() / exact[name].norm()).item() for name in names]
    print(f"{preset}: starts 1e-6 away end at most {worst:.1e} away; parameters move by {min(moved):.1e} to {max(moved):.1e}")


def save(name, tensors, metadata=None):
    path = FIXTURES / f"{name}.safetensors"
    floats = {k: v.detach().float() if v.is_floating_point() else v.int() for k, v in tensors.items()}
    save_file({k: v.contiguous().clone() for k, v in floats.items()}, path, metadata)
    path.chmod(0o644)


def main():
    torch.manual_seed(7)
    FIXTURES.mkdir(exist_ok=True)
    ids, sos, eot = tokenizer()
    start = {"table": torch.randn(eot + 1, SMALL.text_width) * 0.25, "crops": crops(),
             "labels": torch.stack([torch.randperm(BATCH) % len(CLASSES) for _ in range(BATCHES)]),
             "ratings": 1 + 4 * torch.rand(BATCHES, BATCH, len(PUBLISHED_ATTRIBUTES))}  # fmt: skip
    for preset in ("paper", "published-code"):
        results, before = run(preset, start)
        tell_sensitivity(preset, start, results, before)
        if preset == "paper":
            high, _ = run(preset, start, logit_scale=HIGH_SCALE)
            results |= {"high.terms": high["terms"], "high.scale": high["scale"]}
        save(preset, results)
    save("by-texts", by_texts(start))
    about = {
        "tokens": {"words": ids, "sos": sos, "eot": eot},
        "training": {"learningRate": LEARNING_RATE, "momentum": MOMENTUM, "weightDecay": WEIGHT_DECAY,
                     "averageDecay": AVERAGE_DECAY, "highScale": HIGH_SCALE},
        "sizes": {"width": SMALL.width, "heads": SMALL.heads, "layers": SMALL.layers, "positions": SMALL.positions},
    }  # fmt: skip
    tensors = {name: start[name] for name in ("table", "crops", "labels")} | start["state"]
    save("start", tensors, {"torch": torch.__version__} | {k: json.dumps(v) for k, v in about.items()})


if __name__ == "__main__":
    main()
