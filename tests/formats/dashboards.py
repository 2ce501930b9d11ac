"""Reads Grafana dashboards as Grafana's own SDK does, and says what it would not take.

dashboards.py FILE...: each is read into the SDK's types. What is of another type than Grafana's schema says, and what the
SDK does not know and so would lose, is printed; then it ends with 1.
"""

import enum
import json
import sys
import types
import typing

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard


def is_of(value, hint):
    """Whether a value is of a type; what it holds is looked at by `wrong`."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint is typing.Any or hint is object or isinstance(hint, typing.TypeVar):
        return True
    if origin in (typing.Union, types.UnionType):
        return any(is_of(value, arg) for arg in args)
    if origin is typing.Literal:
        return value in args
    if origin is list:
        return isinstance(value, list) and all(is_of(item, args[0]) for item in value)
    if origin is dict:
        return isinstance(value, dict) and all(is_of(item, args[1]) for item in value.values())
    if hint is type(None):
        return value is None
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return value in [member.value for member in hint]
    return isinstance(value, hint)


def wrong(value, path):
    """What is of another type than it should be, at any depth."""
    if isinstance(value, list):
        for at, item in enumerate(value):
            yield from wrong(item, f"{path}[{at}]")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from wrong(item, f"{path}.{name}")
    elif type(value).__module__.startswith("grafana_foundation_sdk"):
        for name, hint in typing.get_type_hints(type(value)).items():
            item = getattr(value, name)
            if not is_of(item, hint):
                yield f"{path}.{name} is {item!r}, which is not {hint}"
            yield from wrong(item, f"{path}.{name}")


def lost(before, after, path):
    """What the SDK does not give back as it was."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name, item in before.items():
            if name in after:
                yield from lost(item, after[name], f"{path}.{name}")
            elif item is not None:
                yield f"{path}.{name} is not known"
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for at, (one, other) in enumerate(zip(before, after)):
            yield from lost(one, other, f"{path}[{at}]")
    elif before != after:
        yield f"{path} is {before!r}, and becomes {after!r}"


def judge(path):
    with open(path, encoding="utf-8") as file:
        text = json.load(file)
    try:
        board = Dashboard.from_json(text)
    except Exception as error:  # Whatever it fails by, it does not take it.
        return [f"it can't be read: {type(error).__name__} {error}"]
    again = json.loads(JSONEncoder().encode(board))
    return [*wrong(board, "dashboard"), *lost(text, again, "dashboard")]


def main(paths):
    plugins.register_default_plugins()
    found = [f"{path}: {what}" for path in paths for what in judge(path)]
    for line in found:
        print(line, file=sys.stderr)
    print(f"{len(paths)} dashboards read")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
