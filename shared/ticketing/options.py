"""The options of a connection: what is wrong with them, in words."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)


def read_options(model: type[M], given: Mapping[str, Any], where: str) -> M:
    """These options as the system understands them.

    Raises:
        ValueError: names each field that is wrong, behind `where`, and what would be right; no value is repeated, for
            it may be a secret.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise ValueError(tell_faults(error, where, tuple(model.model_fields))) from None


def tell_faults(error: ValidationError, where: str, known: tuple[str, ...] = ()) -> str:
    """Every fault on one line; `known` are the names that there are."""
    return "; ".join(_tell(fault, where, known) for fault in error.errors(include_input=False, include_url=False)[:20])


def _tell(fault: Any, where: str, known: tuple[str, ...]) -> str:
    place = ".".join(str(part) for part in (where, *fault["loc"]) if part != "") or "options"
    if fault["type"] == "extra_forbidden" and known:
        return f"{place}: there is no such option; there are {', '.join(known)}"
    if fault["type"] == "missing":
        return f"{place}: is needed"
    told = str(fault["msg"]).removeprefix("Value error, ")
    named = not fault["loc"] and told.partition(":")[0] in known
    return f"{place}.{told}" if named and where else told if named else f"{place}: {told}"
