"""Text between the host, where it is a `str` or bytes in UTF-8, and nets, where it is a list of code points.

Whole texts are converted at once: a program may print or read megabytes.
"""

from __future__ import annotations

import codecs
import sys
from array import array

WORD_BYTES = 8
POINT_BYTES = 4
IS_LITTLE = sys.byteorder == 'little'
UTF_32 = f'utf-32-{sys.byteorder[0]}e'
_decode = codecs.getdecoder(UTF_32)
CONTINUATION = 0x80
LOW_BITS = 0x3F


def text_of(points: array[int]) -> str | None:
    """The text of code points, given as an array of type Q; None if one of them is none."""
    halves = memoryview(points).cast('B').cast('I')
    try:
        return _decode(halves[0 if IS_LITTLE else 1::2].tobytes(), 'surrogatepass')[0]
    except UnicodeDecodeError:
        return None


def encode_text(points: array[int]) -> bytes:
    """Code points in UTF-8, as `String/encode_utf8` writes them: also surrogates, and numbers that are no code
    points."""
    text = text_of(points)
    return b''.join(map(_encode_point, points)) if text is None else text.encode('utf-8', 'surrogatepass')


def _encode_point(point: int) -> bytes:
    if point <= sys.maxunicode:
        return chr(point).encode('utf-8', 'surrogatepass')
    return bytes((0xF0 | point >> 18, *(CONTINUATION | point >> shift & LOW_BITS for shift in (12, 6, 0))))


def decode_text(data: bytes) -> str:
    """The text that bytes spell in UTF-8. Each ill-formed sequence becomes one replacement character; it ends before
    the first byte that cannot continue it. `String/decode_utf8` does the same."""
    return data.decode('utf-8', 'replace')


def words_of_bytes(data: bytes) -> bytearray:
    """Bytes as 64-bit words."""
    words = bytearray(len(data) * WORD_BYTES)
    words[0 if IS_LITTLE else WORD_BYTES - 1::WORD_BYTES] = data
    return words


def words_of_text(text: str) -> bytearray:
    """Code points as 64-bit words."""
    points = text.encode(UTF_32, 'surrogatepass')
    words = bytearray(len(text) * WORD_BYTES)
    first = 0 if IS_LITTLE else POINT_BYTES
    for index in range(POINT_BYTES):
        words[first + index::WORD_BYTES] = points[index::POINT_BYTES]
    return words
