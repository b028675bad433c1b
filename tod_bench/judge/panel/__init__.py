"""A panel of judges: the same items, several judges, one verdict."""

from tod_bench.judge.panel.pages import panel_markdown
from tod_bench.judge.panel.running import Panel, PanelConfig, PanelJudge, panel_of, run_panel

__all__ = ["Panel", "PanelConfig", "PanelJudge", "panel_markdown", "panel_of", "run_panel"]
