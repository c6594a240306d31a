"""The command that trains a model of one's own."""

from __future__ import annotations

import argparse


def add_sweep_command(stages) -> None:
    """Add the command ``sweep`` to the command line's parser."""
    parser = stages.add_parser(
        "sweep",
        help="train a model of your own over gammas and seeds, and draw the phases",
        description="build(vocabulary, gamma, seed) gives a torch.nn.Module, tokens (batch, time) -> logits (batch, "
        "time, vocabulary); data(seed) gives {split: (tokens, labels)}, one of them `train`. See docs/own-model.md.",
    )
    add = parser.add_argument
    add("--model", required=True, metavar="MODULE:FUNCTION", help="such as mymodule:build")
    add("--data", required=True, metavar="MODULE:FUNCTION", help="such as mymodule:data")
    add("--gamma", required=True, nargs="+", type=float, help="initialization rates, std = d_in^-gamma")
    add("--seeds", type=int, default=3, help="runs of each gamma, seeds 0, 1, ... (default 3)")
    add("--duration", default="1000 steps", help="`1000 steps` (default) or `20 epochs`")
    add("--batch", type=int, help="sequences per step (default 128, or all)")
    add("--lr", type=float, help="peak learning rate (default 1e-3)")
    add("--weight-decay", type=float, help="AdamW's weight decay (default 0.01)")
    add("--vocabulary", type=int, help="number of tokens (default: the largest of the data, and one)")
    add("--data-seed", type=int, default=0, help="what data() is called with (default 0)")
    add("--name", help="of the folder below the results (default: the module of the model)")
    add("--results", default="results", help="results folder")
    add("--device", default="cpu", help="cpu (default) or cuda")
    add("--processes", type=int, default=1, help="trainings at a time on a CPU (default 1)")
    add("--overwrite", action="store_true", help="replace finished runs of other settings")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="change any config key")
    parser.set_defaults(run=_sweep)


def _sweep(options: argparse.Namespace) -> None:
    from initscale.config.load import parse_override
    from initscale.files.yaml_files import merge
    from initscale.sweep.run import run_sweep
    from initscale.sweep.settings import Sweep, sweep_config

    given = {key: getattr(options, key) for key in ("batch", "lr", "weight_decay")}
    recipe = {key: value for key, value in given.items() if value is not None}
    execution = {"device": options.device, "processes": options.processes}
    overrides: dict = {"execution": execution, "overwrite": options.overwrite}
    for text in options.set:
        overrides = merge(overrides, parse_override(text))
    named = {
        key: getattr(options, key)
        for key in ("model", "data", "seeds", "name", "results", "vocabulary", "duration", "data_seed")
    }
    gammas = tuple(dict.fromkeys(options.gamma))
    sweep = Sweep(**named, gammas=gammas, recipe=recipe, overrides=overrides)
    for path in run_sweep(sweep_config(sweep)):
        print(path)
