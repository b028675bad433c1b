"""Metrics over what judges and people say: Likert means, win rates, shares of factors and emotions, agreement.

They score `tod_metrics.judge.ratings.JudgedItem`, so they need a judge or people; `tod-bench score` has neither.
"""

from collections.abc import Mapping

from tod_metrics.judge.ratings import EMOTIONS, FACTORS, QUESTION_KEYS

JUDGE_METRICS: Mapping[str, str] = {
    name: f"tod_metrics.judge.{place}"
    for name, place in (
        ("alpha", "alpha:AgreementOfRaters"),
        ("alpha_judge", "alpha:AgreementWithJudge"),
        *((f"emotion_{label}", f"emotions:emotion_{label}") for label in EMOTIONS),
        *((f"factor_{factor}", f"factors:factor_{factor}") for factor in FACTORS),
        ("first_seat_preference", "position:FirstPositionPreference"),
        *((f"likert_{key}", f"likert:likert_{key}") for key in QUESTION_KEYS.values()),
        *((f"likert_expected_{key}", f"likert:likert_expected_{key}") for key in QUESTION_KEYS.values()),
        ("loss_share", "win_rate:LossShare"),
        ("position_consistency", "position:PositionConsistency"),
        ("tie_share", "win_rate:TieShare"),
        ("win_rate", "win_rate:WinRate"),
        ("win_rate_decided", "win_rate:WinRateDecided"),
        ("win_rate_length_controlled", "length:WinRateLengthControlled"),
        ("win_share", "win_rate:WinShare"),
    )
}
"""Name -> ``module:class`` of every judge metric."""
