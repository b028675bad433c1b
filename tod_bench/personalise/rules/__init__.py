"""The arm ``rules``: utterances are restyled by tables that a linguist can read and edit, ``tables/SIDE/VOICE.yaml``.

    age ─┐
    formality ─▶ Voice (rewrites, openers, tags, ...) ─▶ between the protected values of an utterance ─▶ styled text
    emotion ─┘

What is protected is taken out before anything is rewritten and put back at the end, so that no rule can change it.
"""

from tod_bench.personalise.rules.arm import RulesArm

__all__ = ["RulesArm"]
