"""What a command says on standard error, without the lines of progress, which a busy machine adds."""

import re

_PROGRESS = re.compile(r"^ *\d+\.\d s  .*\n", re.MULTILINE)


def said(err: str) -> str:
    return _PROGRESS.sub("", err)
