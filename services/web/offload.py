"""Calls that block for long, kept off gevent's loop where there is one."""

from collections.abc import Callable
from typing import Any, TypeVar

from gevent import get_hub, monkey

Result = TypeVar("Result")


def offload(function: Callable[..., Result], *arguments: Any, **options: Any) -> Result:
    """Call `function` in a real thread under gevent, and here otherwise."""
    if not monkey.is_module_patched("socket"):
        return function(*arguments, **options)
    return get_hub().threadpool.apply(function, arguments, options)
