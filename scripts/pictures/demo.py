"""The picture of the README: a terminal in which `tamesu demo` has just ended, as it really did.

Runs the demo on this machine and draws what it printed; so its figures are of one run, not of every.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

COLUMNS = 84
TO = Path(__file__).resolve().parents[2] / "docs" / "demo.svg"
# No @font-face: the picture must not ask a network for letters.
FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" \
xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; \
font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def main() -> None:
    """Runs the demo in a terminal of its own, and draws the end of it."""
    printed = run([str(Path(sys.executable).parent / "tamesu"), "demo", *sys.argv[1:]])
    screen = Console(record=True, width=COLUMNS, file=Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - as long as the script
    screen.print(Text("$ make demo\n", style="bold"))
    screen.print(Text.from_ansi(printed))
    svg = screen.export_svg(title="Tamesu", theme=MONOKAI, code_format=FORMAT, unique_id="demo")
    TO.write_text(svg, encoding="utf-8")
    print(TO)


def run(command: list[str]) -> str:
    """What `command` prints into a terminal, colours and all, after its live part.

    Raises:
        CalledProcessError: it failed.
    """
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    os.close(theirs)
    parts = []
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # Linux says so where the other side is closed
            break
        if not part:
            break
        parts.append(part)
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, command)
    return b"".join(parts).decode().replace("\r\n", "\n")


if __name__ == "__main__":
    main()
