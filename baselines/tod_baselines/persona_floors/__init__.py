"""Two ways of answering to a user's person without a model: mirroring their phrases, and templates for their profile.

Simple forms of our own, after published ideas; neither stands in for anybody's system. Both change a plain answer
(`plain_answers`), which is learned from training dialogues with plain answers; `plain` gives it as it is.
"""
