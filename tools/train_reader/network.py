"""The reader as torch trains it: layers like the encoder's, begun from its last ones, and a head on each token."""

import torch
from torch import nn

from tools.build_encoder.packed import PackedModel

LINEAR = ("q", "k", "v", "ao", "fi", "fo")  # matrices of a layer, by their names in the packed file
NORMS = ("aln", "oln")
MARKS = 4  # begin and end, then the same for "nothing"
SMALL = 0.02  # deviation of the head's first weights
NEVER = -1e4


class Layer(nn.Module):
    """One transformer layer (BERT, post-norm), from layer `number` of the encoder."""

    def __init__(self, model: PackedModel, number: int) -> None:
        super().__init__()
        self.heads = model.sizes.heads
        self.parts, self.norms = nn.ModuleDict(), nn.ModuleDict()
        for name in LINEAR:
            weight = torch.from_numpy(model.matrices[f"l{number}.{name}.w"].dequantized())
            self.parts[name] = nn.Linear(weight.shape[1], weight.shape[0])
            self.parts[name].weight = nn.Parameter(weight)
            self.parts[name].bias = nn.Parameter(torch.from_numpy(model.vectors[f"l{number}.{name}.b"].copy()))
        for name in NORMS:
            self.norms[name] = nn.LayerNorm(model.sizes.hidden, eps=model.sizes.epsilon)
            self.norms[name].weight = nn.Parameter(torch.from_numpy(model.vectors[f"l{number}.{name}.w"].copy()))
            self.norms[name].bias = nn.Parameter(torch.from_numpy(model.vectors[f"l{number}.{name}.b"].copy()))

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """States (b, t, h), mask bool (b, 1, 1, t)."""
        batch, tokens, hidden = states.shape
        query, key, value = (self.parts[name](states).view(batch, tokens, self.heads, -1).transpose(1, 2) for name in "qkv")
        attended = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        states = self.norms["aln"](states + self.parts["ao"](attended.transpose(1, 2).reshape(batch, tokens, hidden)))
        widened: torch.Tensor = self.norms["oln"](states + self.parts["fo"](nn.functional.gelu(self.parts["fi"](states))))
        return widened


class Network(nn.Module):
    """The layers of the encoder from `first` on, over the states that those before give."""

    def __init__(self, model: PackedModel, first: int) -> None:
        super().__init__()
        hidden = model.sizes.hidden
        self.segments = nn.Parameter(torch.zeros(2, hidden))  # tell question and passage apart
        self.layers = nn.ModuleList([Layer(model, number) for number in range(first, model.sizes.layers)])
        self.head = nn.Linear(hidden, MARKS)
        nn.init.normal_(self.head.weight, std=SMALL)
        nn.init.zeros_(self.head.bias)

    def forward(self, question: torch.Tensor, passage: torch.Tensor, asked: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        """Logits (b, 1 + tp, 2) of begin and end, "nothing" first, from states (b, tq, h) and (b, tp, h) with their masks, bool."""
        states = torch.cat([question + self.segments[0], passage + self.segments[1]], dim=1)
        mask = torch.cat([asked, there], dim=1)[:, None, None, :]
        for layer in self.layers:
            states = layer(states, mask)
        marks = self.head(states).float()
        tokens = marks[:, question.shape[1] :, :2].masked_fill(~there[..., None], NEVER)
        return torch.cat([marks[:, :1, 2:], tokens], dim=1)
