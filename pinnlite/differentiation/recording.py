"""What the caller switched off: whoever needs derivatives of its own has PyTorch record them all the same."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def recording() -> Iterator[None]:
    """Within it, or in a function that it decorates, no_grad and inference_mode of the caller do not count."""
    with torch.inference_mode(False), torch.enable_grad():
        yield
