"""schema: checks a value against the part of JSON Schema that doc/export.schema.json uses. An unknown keyword is an error."""

import re

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}
SILENT = {"$schema", "$defs", "title", "description"}


def problems(value, schema, root, at="line"):
    """yields what is wrong with value, in words"""
    for keyword, arg in schema.items():
        if keyword in SILENT:
            continue
        elif keyword == "$ref":
            target = root
            for name in arg.removeprefix("#/").split("/"):
                target = target[name]
            yield from problems(value, target, root, at)
        elif keyword == "type":
            if not any(TYPES[t](value) for t in ([arg] if isinstance(arg, str) else arg)):
                yield f"{at}: is no {arg}: {value!r}"
        elif keyword == "enum":
            if value not in arg:
                yield f"{at}: is none of {arg}: {value!r}"
        elif keyword == "pattern":
            if isinstance(value, str) and not re.search(arg, value):
                yield f"{at}: does not match {arg}: {value!r}"
        elif keyword == "minimum":
            if TYPES["number"](value) and value < arg:
                yield f"{at}: under {arg}: {value!r}"
        elif keyword == "maximum":
            if TYPES["number"](value) and value > arg:
                yield f"{at}: over {arg}: {value!r}"
        elif keyword == "minItems":
            if isinstance(value, list) and len(value) < arg:
                yield f"{at}: fewer than {arg} items"
        elif keyword == "items":
            for i, item in enumerate(value if isinstance(value, list) else []):
                yield from problems(item, arg, root, f"{at}[{i}]")
        elif keyword == "required":
            yield from (f"{at}: lacks {name}" for name in arg if isinstance(value, dict) and name not in value)
        elif keyword == "properties":
            for name, item in value.items() if isinstance(value, dict) else ():
                if name in arg:
                    yield from problems(item, arg[name], root, f"{at}.{name}")
        elif keyword == "additionalProperties":
            assert arg is False
            known = schema.get("properties", {})
            yield from (f"{at}: unknown key {name}" for name in value if isinstance(value, dict) and name not in known)
        else:
            raise SystemExit(f"schema.py does not know the keyword {keyword}")
