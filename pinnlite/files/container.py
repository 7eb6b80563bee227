"""The file itself: tensors and one JSON record in a safetensors file, written whole or not at all, checksummed."""

import hashlib
import json
import os
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from pinnlite.errors import FileError

FORMAT = "pinnlite solution"
SCHEMA = "1"
_MOST_BYTES = 2**32
_MOST_HEADER = 2**24  # bytes of text: far more than any solution has, and read at once
_MOST_TENSORS = 20_000  # a patch has three, an element none of its own
_PREFIX = 8  # bytes that hold the header's length


def write_file(
    path: str | os.PathLike[str], record: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> None:
    """Write a record and tensors so that a reader finds the old file or the new one, whole.

    The bytes go to a temporary file beside it, are forced to the disk and only then given the name.

    Raises:
        FileError: the file cannot be written.
    """
    target = _target(path)
    data = _packed(record, tensors)
    temporary = target.parent / f".{target.name[:100]}.{secrets.token_hex(4)}.tmp"
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
        _settle(target.parent)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FileError(f"{path} cannot be written: {reason}") from None
    finally:
        with suppress(OSError, ValueError):  # it is not there, unless something went wrong
            temporary.unlink()


def _target(path: str | os.PathLike[str]) -> Path:
    """The file to be replaced: what a link points to, so that the link stays; never a device or a folder."""
    target = Path(path)
    try:
        target = target.resolve() if target.is_symlink() else target
        special = target.exists() and not target.is_file()
    except (OSError, ValueError, RuntimeError) as error:  # a loop of links is one or the other
        raise FileError(f"{path} cannot be written: {error}") from None
    if special or target.is_symlink():
        raise FileError(f"{path} cannot be written: it is no regular file")
    return target


def _packed(record: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> bytes:
    kept = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    text = json.dumps(record, allow_nan=False)
    metadata = {"format": FORMAT, "schema": SCHEMA, "record": text, "sha256": _checksum(text, kept)}
    return save_tensors(kept, metadata)


def _settle(folder: Path) -> None:
    """Force the folder's entry to the disk, where the system has such a thing."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_file(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read what ``write_file`` wrote.

    Raises:
        FileError: there is no such file, it is not one of ours, or not as it was written.
    """
    data = _bytes(path)
    metadata = _metadata(path, data)
    if metadata.get("format") != FORMAT:
        raise FileError(f"{path} holds no solution of pinnlite's")
    if metadata.get("schema") != SCHEMA:
        raise FileError(
            f"{path} is written in form {metadata.get('schema')!r}, and this version reads form {SCHEMA!r}: "
            "another version of pinnlite can read it"
        )
    try:
        tensors = {name: tensor.clone() for name, tensor in load_tensors(data).items()}  # clones are aligned
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise FileError(f"{path} is damaged: {error}") from None
    text = metadata.get("record", "")
    if metadata.get("sha256") != _checksum(text, tensors):
        raise FileError(f"{path} is damaged: its contents do not match their checksum")
    record = _json(path, text)
    return record, tensors


def _bytes(path: str | os.PathLike[str]) -> bytes:
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            raise FileError(f"{path} cannot be read: it is no regular file")
        if found.st_size > _MOST_BYTES:
            raise FileError(f"{path} has {found.st_size} bytes, more than the {_MOST_BYTES} that are read")
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise FileError(f"there is no file {path}") from None
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read: {error}") from None


def _metadata(path: str | os.PathLike[str], data: bytes) -> dict[str, str]:
    """The texts in the header."""
    length = int.from_bytes(data[:_PREFIX], "little")
    if len(data) < _PREFIX or length > min(_MOST_HEADER, len(data) - _PREFIX):
        raise FileError(f"{path} is no safetensors file, or only a part of one")
    try:
        header = data[_PREFIX : _PREFIX + length].decode()
    except UnicodeDecodeError:
        raise FileError(f"{path} is damaged: its header is no text") from None
    entries = _json(path, header)
    if len(entries) > _MOST_TENSORS:
        raise FileError(f"{path} has {len(entries)} tensors, more than the {_MOST_TENSORS} that are read")
    metadata = entries.get("__metadata__", {})
    if not (isinstance(metadata, dict) and all(isinstance(value, str) for value in metadata.values())):
        raise FileError(f"{path} is damaged: its metadata are no texts")
    return metadata


def _json(path: str | os.PathLike[str], text: str) -> dict[str, Any]:
    try:
        found = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise FileError(f"{path} is damaged: its text is no JSON") from None
    if not isinstance(found, dict):
        raise FileError(f"{path} is damaged: its text is no JSON object")
    return found


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON's")


def _checksum(text: str, tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of the record and of every tensor with its name, type and shape."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"\0{name}\0{tensor.dtype}\0{tuple(tensor.shape)}\0".encode("utf-8", "surrogatepass"))
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
