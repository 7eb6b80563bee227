"""``pinnlite export``: a kept solution or fit as a program for others."""

import click

from pinnlite.cli import options


@click.command(short_help="A kept solution or fit as a torch.export or ONNX program.")
@click.argument("file", shell_complete=options.complete_files)
@click.argument(
    "program",
    metavar="PROGRAM.pt2|.onnx",
    callback=options.check_folder,
    shell_complete=options.complete_files,
)
def command(file: str, program: str) -> None:
    """Write what was kept with "--out" as a program for torch.export.load or for an ONNX runtime.

    \b
      pinnlite export u.safetensors u.pt2
      pinnlite export fit.safetensors fit.onnx

    The program maps points (N, d) to values (N, m), for any N. ONNX needs: pip install 'pinnlite[export]'.
    """
    import pinnlite as pl

    pl.load(file).export(program)
    click.echo(f"wrote {program}")
