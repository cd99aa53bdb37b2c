"""Threads that are alone in their warps."""

from bend.runtime.kernel.lang import u32


def votes(flag: bool) -> u32:
    return u32(flag)


def value_of(value: u32, thread: u32) -> u32:
    return value


def wait_for_warp() -> None:
    pass


def my_bit() -> u32:
    return 1
