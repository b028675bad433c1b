"""The name that earlier versions had for the module of `normal_time`."""

from tod_bench.llm.records import normal_time

__all__ = ["normal_time"]
