"""Metrics over played episodes: what a simulated user got of a system, computed from its goal and the final world.

They score `tod_metrics.episode.outcomes.EpisodeItem` (`pass_k` scores the trials of a goal), so they need episodes;
`tod-bench score` has none.
"""

from collections.abc import Mapping

EPISODE_METRICS: Mapping[str, str] = {
    name: f"tod_metrics.episode.{place}"
    for name, place in (
        ("book_details", "bookings:BookDetails"),
        ("book_rate", "bookings:BookRate"),
        ("episode_completion", "success:EpisodeCompletion"),
        ("episode_strict", "success:EpisodeStrict"),
        ("episode_success", "success:EpisodeSuccess"),
        ("episode_turns", "turns:EpisodeTurns"),
        ("pass_k", "pass_k:PassK"),
        ("request_f1", "requests:RequestF1"),
        ("request_precision", "requests:RequestPrecision"),
        ("request_recall", "requests:RequestRecall"),
        ("simulator_faults", "faults:SimulatorFaults"),
        ("truthful", "truthful:Truthful"),
        ("venue_match", "match:VenueMatch"),
    )
}
"""Name -> ``module:class`` of every episode metric."""
