"""`python -m bend` is `bend`."""

from bend.cli.main import bend

if __name__ == '__main__':
    bend()
