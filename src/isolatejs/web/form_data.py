"""FormData for the host, after the XMLHttpRequest standard, and its two encodings.

`encode()` writes multipart/form-data as the HTML standard says (§4.10.21.8); `decode()` reads that and
application/x-www-form-urlencoded.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import parse_qsl, unquote

from isolatejs.limits import FORM_PARTS_LIMIT
from isolatejs.web.blob import Blob, File

__all__ = ["FormData"]

_PARAMETER: Final = re.compile(r';\s*([^\s=;]+)=(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))')
_NEWLINE: Final = re.compile(r"\r\n|\r|\n")


class FormData:
    """An ordered list of names with values, each a string or a File. One name may come several times."""

    __slots__ = ("_entries",)

    def __init__(
        self, init: Mapping[str, str | Blob] | Iterable[tuple[str, str | Blob]] | None = None
    ) -> None:
        self._entries: list[tuple[str, str | File]] = []
        if init is not None:
            for name, value in init.items() if isinstance(init, Mapping) else init:
                self.append(name, value)

    def append(self, name: str, value: str | Blob, filename: str | None = None) -> None:
        """Add a value. A Blob becomes a File called `filename`, else by its own name, else "blob"."""
        self._entries.append((name, _entry(value, filename)))

    def set(self, name: str, value: str | Blob, filename: str | None = None) -> None:
        """Put `value` in place of all values of `name`."""
        entry = (name, _entry(value, filename))
        for index, (present, _) in enumerate(self._entries):
            if present == name:
                rest = [pair for pair in self._entries[index + 1 :] if pair[0] != name]
                self._entries[index:] = [entry, *rest]
                return
        self._entries.append(entry)

    def delete(self, name: str) -> None:
        """Remove all values of `name`."""
        self._entries = [pair for pair in self._entries if pair[0] != name]

    def get(self, name: str) -> str | File | None:
        """The first value of `name`, or None."""
        return next((value for present, value in self._entries if present == name), None)

    def get_all(self, name: str) -> list[str | File]:
        """All values of `name`, in order."""
        return [value for present, value in self._entries if present == name]

    def has(self, name: str) -> bool:
        """Whether there is a value of `name`."""
        return any(present == name for present, _ in self._entries)

    def items(self) -> list[tuple[str, str | File]]:
        """Every name and value, in order."""
        return list(self._entries)

    def keys(self) -> list[str]:
        """Every name, in order, as often as it has values."""
        return [name for name, _ in self._entries]

    def values(self) -> list[str | File]:
        """Every value, in order."""
        return [value for _, value in self._entries]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.has(name)

    def __iter__(self) -> Iterator[tuple[str, str | File]]:
        return iter(self.items())

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"FormData({self._entries!r})"

    def encode(self, boundary: str | None = None) -> tuple[bytes, str]:
        """The multipart/form-data bytes and their content type. Files have to be in memory."""
        boundary = boundary or f"----formdata-isolatejs-{secrets.token_hex(12)}"
        lines: list[bytes] = []
        for name, value in self._entries:
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_escape(_crlf(name))}"'
            if isinstance(value, str):
                lines += [
                    head.encode("utf-8", "replace"),
                    b"\r\n\r\n",
                    _crlf(value).encode("utf-8", "replace"),
                ]
            else:
                if value._data is None:
                    raise TypeError(f"the file {value.name!r} of a FormData is not in memory: read it first")
                head += f'; filename="{_escape(value.name)}"'
                head += f"\r\nContent-Type: {value.type or 'application/octet-stream'}\r\n\r\n"
                lines += [head.encode("utf-8", "replace"), value._data]
            lines.append(b"\r\n")
        lines.append(f"--{boundary}--\r\n".encode())
        return b"".join(lines), f"multipart/form-data; boundary={boundary}"

    @staticmethod
    def decode(data: bytes, content_type: str) -> FormData:
        """Read a body by its content type. Raises ValueError for another one, and past 10,000 parts."""
        essence = content_type.partition(";")[0].strip().lower()
        if essence == "application/x-www-form-urlencoded":
            text = data.decode("utf-8", "replace")
            pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=FORM_PARTS_LIMIT)
            return FormData(pairs)
        if essence != "multipart/form-data":
            raise ValueError(f"not the content type of a form: {content_type[:200]!r}")
        boundary = _parameters(content_type).get("boundary")
        if not boundary:
            raise ValueError("multipart/form-data without a boundary")
        return _decode_multipart(data, boundary.encode("latin-1", "replace"))


def _decode_multipart(data: bytes, boundary: bytes) -> FormData:
    form = FormData()
    delimiter = b"\r\n--" + boundary
    data = b"\r\n" + data
    position = data.find(delimiter)
    if position < 0:
        raise ValueError("multipart body without its boundary")
    while True:
        position += len(delimiter)
        if data.startswith(b"--", position):
            return form
        line_end = data.find(b"\r\n", position)
        next_position = data.find(delimiter, position)
        if line_end < 0 or next_position < 0 or data[position:line_end].strip(b" \t"):
            raise ValueError("multipart body that is cut off or malformed")
        if len(form) >= FORM_PARTS_LIMIT:
            raise ValueError(f"multipart body with more than {FORM_PARTS_LIMIT} parts")
        head_end = data.find(b"\r\n\r\n", line_end, next_position)
        if head_end < 0:
            raise ValueError("multipart part without an end of its headers")
        _add_part(form, data[line_end + 2 : head_end], data[head_end + 4 : next_position])
        position = next_position


def _add_part(form: FormData, head: bytes, content: bytes) -> None:
    fields: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        fields[name.strip().lower()] = value.strip()
    disposition = fields.get("content-disposition", "")
    parameters = _parameters(disposition)
    if not disposition.lower().startswith("form-data") or "name" not in parameters:
        raise ValueError("multipart part without a name")
    name = parameters["name"]
    filename = parameters.get("filename")
    if filename is None:
        form.append(name, content.decode("utf-8", "replace"))
    else:
        form.append(name, File([content], filename, type=fields.get("content-type", "text/plain")))


def _parameters(header: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _PARAMETER.finditer(header):
        name, quoted, plain = match.groups()
        if quoted is not None:
            # Browsers write %22, %0D and %0A for the three characters that cannot stand there.
            found[name.lower()] = re.sub(r"%(22|0[DdAa])", lambda code: unquote(code.group()), quoted)
        else:
            found[name.lower()] = plain
    return found


def _entry(value: str | Blob, filename: str | None) -> str | File:
    if isinstance(value, str):
        return value
    if isinstance(value, File) and filename is None:
        return value
    if isinstance(value, Blob):
        return File.from_blob(value, filename or "blob")
    raise TypeError(f"a FormData value is a str or a Blob, not {type(value).__name__}")


def _crlf(text: str) -> str:
    return _NEWLINE.sub("\r\n", text)


def _escape(name: str) -> str:
    return name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
