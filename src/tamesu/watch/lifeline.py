"""The lifeline: a role ends when its supervisor does, however that ended.

The supervisor keeps the writing end of a pipe and never writes; each role holds the reading end.
When the supervisor dies, even by SIGKILL, the kernel closes the pipe, the read returns, and the
role asks itself to end as if by SIGTERM. Refuses to end anybody else's process.
"""

from __future__ import annotations

import os
import signal
import threading

LIFELINE_VARIABLE = "TAMESU_LIFELINE_FD"
"""Names the file descriptor of the pipe's reading end in a role's environment."""


def hold_lifeline() -> None:
    """Ends this process by SIGTERM when its supervisor is gone; does nothing without one."""
    text = os.environ.pop(LIFELINE_VARIABLE, None)
    if text is None:
        return

    def wait() -> None:
        os.read(int(text), 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
