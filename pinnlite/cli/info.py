"""``pinnlite info``: versions and devices, as a report of a fault should name them."""

import click

from pinnlite.cli import options
from pinnlite.cli.output import Report, Table, show


@click.command(short_help="Versions and devices.")
@options.forms
def command() -> None:
    """Show versions, devices and threads.

    \b
      pinnlite info
      pinnlite info --json
    """
    import platform
    from importlib.metadata import version

    import torch

    devices = ["cpu"] + [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    devices += ["mps"] * torch.backends.mps.is_available()
    facts = {
        "pinnlite": version("pinnlite"),
        "torch": torch.__version__,
        "numpy": version("numpy"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "devices": ", ".join(devices),
        "threads": str(torch.get_num_threads()),
    }
    show(Report("pinnlite/info/1", "", {}, Table(["what", "value"], list(facts.items()))))
