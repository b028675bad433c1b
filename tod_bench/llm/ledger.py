"""The name that earlier versions had for the file of spending."""

from tod_bench.llm.budget import SpendingFile as Ledger

__all__ = ["Ledger"]
