"""What came of a personalised corpus, in numbers: counts, filters, checks, Figure 5. It holds no text of a dialogue."""

from tod_bench.personalise.report.making import Report, make_report, write_report

__all__ = ["Report", "make_report", "write_report"]
