"""Inside a run's network while it trains: kernels and feature maps that move, the health of each layer.

It has no stream of its own: it shares that of the live chart on the same page.
"""

from __future__ import annotations

from cnnlab.analysis import layer_health
from cnnlab.ui.components._source import component
from cnnlab.ui.components.live_chart import events_url

_COMPONENT = component("live_layers", '<div class="root"></div>')

_LIMITS = {
    "dead": layer_health.DEAD,
    "saturated": layer_health.SATURATED,
    "largeUpdate": layer_health.LARGE_UPDATE,
    "tinyUpdate": layer_health.TINY_UPDATE,
}


def live_layers(run_id: str, *, key: str, waiting: str) -> None:
    """Show the layers of a run that a live chart on this page follows.

    Args:
        run_id: The run.
        key: Of this component on the page.
        waiting: What to say before the first look at the layers.
    """
    _COMPONENT(
        key=key,
        data={
            "url": events_url(run_id),
            "pictures": f"cnnlab/runs/{run_id}/pictures",
            "limits": _LIMITS,
            "waiting": waiting,
        },
    )
