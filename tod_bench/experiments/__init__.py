"""Experiments: configs -> plan -> jobs -> store -> results."""
