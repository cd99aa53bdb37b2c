"""Ports of the net engine: one 64-bit word each (spec 05, section 2, widened).

    bits 0-3    tag
    bits 4-23   label of a DUP (docs/architecture.md, section 5), bit 23 if an expansion made it; of a REF: bit 4 if
                the definition is unsafe to copy unexpanded (spec 05, section 4); of an OPR: from bit 6 on, the number
                of the operation's place in the program; of a VAR: bit 5 if this end consumes what some other task is
                to produce
    bits 24-63  value: a heap word index (VAR, binary nodes), a definition number (REF) or a number word (NUM)

The word 0 is no port at all: an empty variable slot.
"""

from bend.runtime.kernel.lang import inline, u64

VAR = 0
REF = 1
ERA = 2
NUM = 3
CON = 4
DUP = 5
OPR = 6
SWI = 7

TAG_MASK = 15
KIND_MASK = 0xFFFFFF
LABEL_SHIFT = 4
LABEL_MASK = 0xFFFFF0
FRESH = 0x800000
PLACE_SHIFT = 6
VALUE_SHIFT = 24
UNSAFE = 16
WAITS = 32
ERASER = 2
NONE = 0


@inline
def tag(port: u64) -> u64:
    """The kind of a port."""
    return port & TAG_MASK


@inline
def kind_of(port: u64) -> u64:
    """The tag of a node and, of a DUP, its label, or the place of an OPR."""
    return port & KIND_MASK


@inline
def differ(a: u64, b: u64) -> bool:
    """Whether two nodes of one tag pass through each other: DUP nodes with different labels, neither of which is 0."""
    return (a ^ b) & LABEL_MASK != 0 and a & LABEL_MASK != 0 and b & LABEL_MASK != 0


@inline
def value(port: u64) -> u64:
    """What a port holds besides its tag and label."""
    return port >> VALUE_SHIFT


@inline
def place_of(operation: u64) -> u64:
    """The place of an operation in the program."""
    return (operation & KIND_MASK) >> PLACE_SHIFT


@inline
def make_port(kind: u64, payload: u64) -> u64:
    """A port of a tag, which may have a label or place beside it."""
    return (payload << VALUE_SHIFT) | kind


@inline
def is_variable(port: u64) -> bool:
    """Whether a port is one end of a wire."""
    return port & TAG_MASK == VAR
