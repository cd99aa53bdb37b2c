"""From core to straight native code (docs/direct.md)."""
