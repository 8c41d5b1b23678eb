"""Records crossing: plain objects into Structs, dataclasses, TypedDicts, NamedTuples, pydantic, and back."""

from __future__ import annotations

import collections.abc as abc
import dataclasses
import datetime
import decimal
import enum
import uuid
from pathlib import PurePath
from typing import Any, Final

import msgspec

from isolatejs.capabilities.tools.paths import (
    Path,
    index_path,
    is_undefined,
    property_path,
    type_mismatch,
    wrong,
)
from isolatejs.capabilities.tools.shapes import Record, Shape, record_kind
from isolatejs.web.preview import cut

Walk = abc.Callable[[Shape, Any, Path], Any]
_ERRORS_LIMIT: Final = 1_000
_AS_TEXT: Final = (datetime.date, datetime.time, datetime.timedelta, decimal.Decimal, uuid.UUID)


def build_record(record: Record, value: Any, path: Path, convert: Walk) -> Any:
    """Make an instance from a plain object; an instance of the class passes as it is."""
    if record.kind != "typed_dict" and isinstance(value, record.type):
        return value
    if not isinstance(value, abc.Mapping):
        raise wrong(path, type_mismatch(record, value))
    if record.kind == "pydantic" and _has_own_parsing(record.type):
        return _validate_pydantic(record.type, dict(value), path)
    found: dict[str, Any] = {}
    for field in record.fields:
        given = value.get(field.wire_name, _ABSENT)
        if given is _ABSENT or is_undefined(given):
            if field.optional:
                continue
            part = property_path(path, field.wire_name)
            raise wrong(part, "missing")
        converted = convert(field.shape, given, property_path(path, field.wire_name))
        if not field.is_tag:
            found[field.wire_name if record.kind == "pydantic" else field.name] = converted
    if record.kind == "typed_dict":
        return found
    if record.kind == "pydantic":
        known = {field.wire_name for field in record.fields}
        extra = {name: entry for name, entry in value.items() if name not in known}
        return _validate_pydantic(record.type, {**extra, **found}, path)
    try:
        return record.type(**found)
    except (ValueError, TypeError) as error:  # raised by the embedder's own __post_init__
        raise wrong(path, cut(str(error))) from error


def read_record(record: Record, value: Any, path: Path, lower: Walk) -> dict[str, Any]:
    """Check a record that a tool returned and give the plain object that crosses."""
    if record.kind == "pydantic" and not isinstance(value, record.type):
        value = build_record(record, value, path, lambda _shape, entry, _path: entry)
    if isinstance(value, record.type) and record.kind == "pydantic":
        dumped: dict[str, Any] = plain(value)
        return dumped
    is_mapping = isinstance(value, abc.Mapping)
    if not is_mapping and (record.kind == "typed_dict" or not isinstance(value, record.type)):
        raise wrong(path, type_mismatch(record, value))
    result: dict[str, Any] = {}
    for field in record.fields:
        part = property_path(path, field.wire_name)
        if field.is_tag:
            result[field.wire_name] = field.tag
            continue
        given = value.get(field.name, _ABSENT) if is_mapping else getattr(value, field.name, _ABSENT)
        if given is _ABSENT and is_mapping:
            given = value.get(field.wire_name, _ABSENT)
        if given is _ABSENT:
            if not field.optional:
                raise wrong(part, "missing")
        elif given is not msgspec.UNSET:
            result[field.wire_name] = lower(field.shape, given, part)
    return result


def plain(value: Any) -> Any:
    """Turn records, enum members and text-like values inside any value into what crosses. The rest stays."""
    if value is None or isinstance(value, bool | str | int | float | bytes | datetime.datetime):
        return value.value if isinstance(value, enum.Enum) else value
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if isinstance(value, _AS_TEXT):
        return msgspec.to_builtins(value)
    if isinstance(value, PurePath):
        return str(value)
    kind = record_kind(type(value))
    if kind == "pydantic":
        return plain(value.model_dump(by_alias=True))
    if kind == "struct":
        tag = value.__struct_config__.tag
        head = {} if tag is None else {value.__struct_config__.tag_field: tag}
        return head | {
            field.encode_name: plain(entry)
            for field in msgspec.structs.fields(value)
            if (entry := getattr(value, field.name)) is not msgspec.UNSET
        }
    if kind == "dataclass":
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if kind == "named_tuple":
        return {name: plain(getattr(value, name)) for name in value._fields}
    if type(value) is dict:
        return {plain(name): plain(entry) for name, entry in value.items()}
    if type(value) in (list, tuple):
        return [plain(entry) for entry in value]
    if type(value) in (set, frozenset):
        return {plain(entry) for entry in value}
    return value


class _Absent:
    pass


_ABSENT: Final = _Absent()


def _has_own_parsing(model: Any) -> bool:
    """Whether validators run before the fields' types are known: the model does all the work then."""
    decorators = model.__pydantic_decorators__
    validators = [*decorators.field_validators.values(), *decorators.model_validators.values()]
    return any(
        getattr(validator.info, "mode", "after") in ("before", "wrap", "plain") for validator in validators
    )


def _validate_pydantic(model: Any, value: dict[str, Any], path: Path) -> Any:
    try:
        return model.model_validate(value)
    except ValueError as error:
        details = getattr(error, "errors", None)
        if details is None:
            raise wrong(path, cut(str(error))) from error
        if error.error_count() > _ERRORS_LIMIT:  # type: ignore[attr-defined]  # each would cost an object
            raise wrong(path, f"{error.error_count()} parts of it are wrong") from None  # type: ignore[attr-defined]
        first = details()[0]
        for part in first["loc"]:
            path = index_path(path, part) if isinstance(part, int) else property_path(path, part)
        text = str(first["msg"])
        raise wrong(path, cut(f"{text[:1].lower()}{text[1:]}")) from error
