"""What a notebook shows of a result: a picture, and the facts about it in a table."""

import base64
import html
import io
from collections.abc import Mapping
from typing import Any


def html_report(facts: Mapping[str, str], figure: Any = None) -> str:
    """A table of facts as HTML, the picture above it.

    Args:
        facts: texts by their headings.
        figure: a matplotlib figure, if there is one.

    Example:
        >>> "<th>error</th><td>1e-07</td>" in html_report({"error": "1e-07"}).replace(" style='text-align:left'", "")
        True
    """
    picture = ""
    if figure is not None:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=110)
        data = base64.b64encode(buffer.getvalue()).decode()
        picture = f"<img src='data:image/png;base64,{data}' alt='plot'>"
    left = " style='text-align:left'"
    rows = "".join(
        f"<tr><th{left}>{html.escape(name)}</th><td{left}>{html.escape(text)}</td></tr>"
        for name, text in facts.items()
    )
    return f"<div>{picture}<table>{rows}</table></div>"
