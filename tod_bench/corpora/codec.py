"""Dialogues as MessagePack and back: the form in which a corpus is cached."""

from msgspec import msgpack

from tod_bench.records import Dialogue

FORMAT = "msgpack1"
"""Part of a cache file's name; what another format wrote is not looked at."""

encode = msgpack.Encoder().encode
"""The dialogue as bytes."""

decode = msgpack.Decoder(Dialogue).decode
"""The dialogue of bytes that `encode` wrote; raises a ``MsgspecError`` where they are others."""
