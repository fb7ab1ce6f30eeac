# SPDX-License-Identifier: MIT
"""A validator for just the keywords the schemas of the SDK use; an unknown keyword is an error, so that
nothing is taken for checked that is not."""

import json
import re

TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
PROSE = {"$schema", "$id", "$defs", "title", "description", "default", "examples"}


def problems(value, schema, root, at=""):
    """Each way in which `value` breaks `schema`, with its JSON pointer."""
    for keyword, wanted in schema.items():
        if keyword in PROSE or keyword == "properties":
            continue
        if keyword == "$ref":
            target = root
            for step in wanted.lstrip("#/").split("/"):
                target = target[step]
            yield from problems(value, target, root, at)
        elif keyword == "anyOf":
            if all(list(problems(value, choice, root, at)) for choice in wanted):
                yield f"{at}: fits none of the shapes"
        elif keyword == "type":
            if not isinstance(value, TYPES[wanted]) or (
                    wanted == "integer" and isinstance(value, bool)):
                yield f"{at}: is not of type {wanted}"
                return
        elif keyword == "enum":
            if value not in wanted:
                yield f"{at}: is not one of {wanted}"
        elif keyword == "required":
            yield from (f"{at}/{name}: is missing" for name in wanted if name not in value)
        elif keyword == "additionalProperties":
            for name in set(value) - set(schema.get("properties", {})):
                if wanted is False:
                    yield f"{at}/{name}: is not known"
                else:
                    yield from problems(value[name], wanted, root, f"{at}/{name}")
        elif keyword == "items":
            for index, item in enumerate(value):
                yield from problems(item, wanted, root, f"{at}/{index}")
        elif keyword == "uniqueItems":
            if len({json.dumps(item) for item in value}) != len(value):
                yield f"{at}: holds something twice"
        elif keyword in ("minLength", "minItems"):
            if len(value) < wanted:
                yield f"{at}: is too short"
        elif keyword in ("maxLength", "maxItems"):
            if len(value) > wanted:
                yield f"{at}: is too long"
        elif keyword == "minimum":
            if value < wanted:
                yield f"{at}: is below {wanted}"
        elif keyword == "maximum":
            if value > wanted:
                yield f"{at}: is above {wanted}"
        elif keyword == "pattern":
            if not re.search(wanted, value):
                yield f"{at}: does not match {wanted}"
        else:
            raise ValueError(f"the schema uses {keyword}, which this test does not know")
    if isinstance(value, dict):
        for name, part in schema.get("properties", {}).items():
            if name in value:
                yield from problems(value[name], part, root, f"{at}/{name}")
