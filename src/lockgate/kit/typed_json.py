"""Typed values to JSON text and back: what was written is what is read, unions, NaN and infinities included.

The type decides the form, never a guess at the value: a dataclass is an object of its fields, a member of a union of
several is `{"is": <its name>, "value": ...}`, at every depth. NaN and the infinities are the constants that Python's
json module writes, so the text is for our own reading, not for an HTTP answer.
"""

import dataclasses
import enum
import json
import types
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin, get_type_hints


@dataclasses.dataclass(frozen=True, slots=True)
class _Form:
    dump: Callable[[Any], Any]
    load: Callable[[Any], Any]


def to_json(value: object, returns: Any) -> str:
    """Raises TypeError when *value* is not of the type *returns*, or the type has no form here."""
    return json.dumps(_form(returns).dump(value), separators=(",", ":"), ensure_ascii=False)


def from_json(text: str, returns: Any) -> Any:
    """Raises TypeError (wrong kind, missing field) or ValueError (no JSON, unknown enum value).

    A field that the text lacks takes its default, one that the class no longer has is ignored: texts live longer
    than releases.
    """
    return _form(returns).load(json.loads(text))


@cache
def _form(returns: Any) -> _Form:
    if returns in (Any, object):
        return _Form(_untyped, lambda plain: plain)
    if isinstance(returns, NewType):
        return _form(returns.__supertype__)
    if returns is None or returns is type(None):
        return _scalar(type(None))
    origin = get_origin(returns)
    if origin is not None:
        return _generic(returns, origin)
    return _class(returns)


def _generic(returns: Any, origin: Any) -> _Form:
    parts = get_args(returns)
    if origin in (Union, types.UnionType):
        return _union(parts)
    if origin is Annotated:
        return _form(parts[0])
    if origin is Literal:
        return _one_of(parts)
    if origin is tuple and not (len(parts) == 2 and parts[1] is Ellipsis):
        return _row(parts)
    if origin in (tuple, list, set, frozenset):
        return _series(origin, parts[0])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(*parts)
    raise TypeError(f"{returns} has no form in JSON here")


def _class(returns: Any) -> _Form:
    if dataclasses.is_dataclass(returns):
        return _record(returns)
    if isinstance(returns, type) and issubclass(returns, enum.Enum):
        return _Form(lambda value: _checked(value, returns).value, returns)
    if returns is datetime:
        return _Form(lambda value: _checked(value, datetime).isoformat(), datetime.fromisoformat)
    if returns is float:
        number = _scalar((int, float))
        return _Form(number.dump, lambda plain: float(number.load(plain)))
    if returns in (str, int, bool):
        return _scalar(returns)
    raise TypeError(f"{returns} has no form in JSON here")


def _scalar(kind: Any) -> _Form:
    def same(value: object) -> object:
        return _checked(value, kind)

    return _Form(same, same)


def _record(kind: Any) -> _Form:
    hints = get_type_hints(kind, include_extras=True)
    forms = {field.name: _form(hints[field.name]) for field in dataclasses.fields(kind) if field.init}

    def dump(value: object) -> Any:
        _checked(value, kind)
        return {name: form.dump(getattr(value, name)) for name, form in forms.items()}

    def load(plain: Any) -> Any:
        _checked(plain, dict)
        return kind(**{name: form.load(plain[name]) for name, form in forms.items() if name in plain})

    return _Form(dump, load)


def _union(members: tuple[Any, ...]) -> _Form:
    real = [member for member in members if member is not type(None)]
    form = _form(real[0]) if len(real) == 1 else _tagged(real)
    if len(real) == len(members):
        return form
    return _Form(
        lambda value: None if value is None else form.dump(value),
        lambda plain: None if plain is None else form.load(plain),
    )


def _tagged(members: list[Any]) -> _Form:
    forms = {_name(member): _form(member) for member in members}
    if len(forms) != len(members):
        raise TypeError(f"two members of the union of {members} have one name")
    kinds = {_runtime_class(member): _name(member) for member in members}

    def dump(value: Any) -> Any:
        name = kinds.get(type(value)) or next((kinds[kind] for kind in kinds if isinstance(value, kind)), None)
        if name is None:
            raise TypeError(f"{value!r} is none of {', '.join(forms)}")
        return {"is": name, "value": forms[name].dump(value)}

    def load(plain: Any) -> Any:
        if not isinstance(plain, dict) or plain.get("is") not in forms:
            raise TypeError(f"{plain!r} is none of {', '.join(forms)}")
        return forms[plain["is"]].load(plain["value"])

    return _Form(dump, load)


def _one_of(choices: tuple[Any, ...]) -> _Form:
    def same(value: Any) -> Any:
        if value not in choices:
            raise TypeError(f"{value!r} is none of {choices}")
        return value

    return _Form(same, same)


def _row(parts: tuple[Any, ...]) -> _Form:
    forms = [_form(part) for part in parts]
    return _Form(
        lambda value: [form.dump(item) for form, item in zip(forms, _checked(value, tuple), strict=True)],
        lambda plain: tuple(form.load(item) for form, item in zip(forms, _checked(plain, list), strict=True)),
    )


def _series(kind: Any, part: Any) -> _Form:
    form = _form(part)
    return _Form(
        lambda value: [form.dump(item) for item in _checked(value, kind)],
        lambda plain: kind(form.load(item) for item in _checked(plain, list)),
    )


def _mapping(key: Any, part: Any) -> _Form:
    keys, values = _form(key), _form(part)
    return _Form(
        lambda value: {
            _checked(keys.dump(name), str): values.dump(item) for name, item in _checked(value, Mapping).items()
        },
        lambda plain: {keys.load(name): values.load(item) for name, item in _checked(plain, dict).items()},
    )


def _untyped(value: Any) -> Any:
    """JSON as it is; read-only mappings and tuples are taken for what they stand for."""
    if isinstance(value, Mapping):
        return {_checked(key, str): _untyped(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_untyped(item) for item in value]
    return _checked(value, (str, int, float, bool, type(None)))


def _checked(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind in (int, (int, float))):
        wanted = " or ".join(one.__name__ for one in kind) if isinstance(kind, tuple) else kind.__name__
        raise TypeError(f"expected {wanted}, got {type(value).__name__} {value!r}")
    return value


def _name(member: Any) -> str:
    return str(getattr(member, "__name__", member))


def _runtime_class(member: Any) -> Any:
    while isinstance(member, NewType):
        member = member.__supertype__
    return get_origin(member) or member
