"""Experiments: a config is loaded and checked, laid out as a plan, and its jobs are run into a store of results.

    config ──▶ EvalConfig ──▶ Plan ──▶ jobs ──▶ Store ──▶ Result

`docs/design/experiments.md` says why it is so. What the verbs do, as functions, is in `tod_bench.sweeps`.
"""
