"""Downloads that go on where they broke off: a downloader for pooch, which does the rest (retries, placing, hashes)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tod_bench.errors import UserError
from tod_bench.files import full_disk_explained

Progress = Callable[[str, int, int | None], None]
"""Takes a file's name, the bytes that are there, and the bytes in all where they are known."""

_CHUNK = 1 << 18
_TIMEOUT = (15, 60)
_RETRIES = 4


def download(url: str, target: Path, *, sha256: str = "", progress: Progress | None = None) -> None:
    """Downloads a file. What a broken connection brought is kept beside it and continued, now or in a later call.

    Args:
        url: Where it is.
        target: Where it goes; it appears under this name only when it is whole.
        sha256: SHA-256 that it must have; empty where that is not known.
        progress: Called with how far it is.

    Raises:
        UserError: It cannot be had, is not what it should be, or the disk is full.
    """
    import pooch
    import requests

    pooch.get_logger().setLevel("ERROR")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    fetcher = pooch.create(
        path=target.parent,
        base_url="",
        registry={target.name: f"sha256:{sha256}" if sha256 else None},
        urls={target.name: url},
        retry_if_failed=_RETRIES,
    )
    try:
        with full_disk_explained(target.parent):
            fetcher.fetch(target.name, downloader=_Resuming(part, progress))
    except requests.HTTPError as error:
        raise UserError(f"{url} cannot be had: the server says {error}; try --mirror or --from") from None
    except requests.RequestException as error:
        raise UserError(
            f"{url} cannot be had ({_reason(error)}); the same command goes on from here, or try --mirror or --from"
        ) from None
    except ValueError:
        raise UserError(
            f"{url} is not what it should be: its SHA-256 is not {sha256}; nothing was kept, try --mirror or --from"
        ) from None


def _reason(error: Exception) -> str:
    """The innermost reason that a request failed, without the addresses of objects and connections."""
    reason = getattr(error.args[0], "reason", error) if error.args else error
    return str(reason).rpartition("): ")[2] or str(reason)


class _Resuming:
    """Downloads into `part`, from where it ends, and hands the whole over."""

    def __init__(self, part: Path, progress: Progress | None) -> None:
        self._part, self._progress = part, progress
        self._mark = part.with_name(f"{part.name}.etag")

    def __call__(self, url: str, output_file: Any, _: Any) -> None:
        """What pooch calls; an exception of requests makes it call again."""
        import requests

        have = self._part.stat().st_size if self._part.exists() else 0
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
            if self._mark.exists():
                headers["If-Range"] = self._mark.read_text(encoding="utf-8")
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as reply:
            if reply.status_code == requests.codes.requested_range_not_satisfiable and have:
                self._forget()
                raise requests.ConnectionError("the partial download does not fit the file any more; starting anew")
            reply.raise_for_status()
            if reply.status_code != requests.codes.partial_content:
                have = 0
            self._receive(reply, have)
        self._part.replace(output_file)
        self._forget()

    def _receive(self, reply: Any, have: int) -> None:
        import requests

        mark = reply.headers.get("ETag", "")
        # A weak ETag does not promise the same bytes, so that it cannot join two halves.
        if mark and not mark.startswith("W/"):
            self._mark.write_text(mark, encoding="utf-8")
        length = reply.headers.get("Content-Length")
        whole = have + int(length) if length else None
        with self._part.open("ab" if have else "wb") as file:
            for chunk in reply.iter_content(_CHUNK):
                file.write(chunk)
                have += len(chunk)
                if self._progress:
                    self._progress(self._part.name[1:].removesuffix(".part"), have, whole)
        if whole is not None and have != whole:
            raise requests.ConnectionError(f"the connection broke off after {have} of {whole} bytes")

    def _forget(self) -> None:
        self._part.unlink(missing_ok=True)
        self._mark.unlink(missing_ok=True)
