"""Bend: a parallel language with the looks of Python, compiled to native code."""

__version__ = '0.1.0'
