"""The money held for one request, attempt by attempt."""

from tod_bench.llm.meter import Meter, Reserve
from tod_bench.llm.records import Outcome


class AttemptReserve:
    """The reserve of one request over its attempts: each lost reply writes one off and takes a new one.

    Attributes:
        at_risk: Whether the last attempt may have been billed, as far as is known.
        server_errors: Replies with a 5xx so far to attempts with a schema.
        last_status: HTTP status of the last error; 0 where there was none.
    """

    def __init__(self, meter: Meter, reserve: Reserve) -> None:
        self._meter = meter
        self._reserve: Reserve | None = reserve
        self._attempts = 0
        self.at_risk = False
        self.server_errors = self.last_status = 0

    def start(self) -> None:
        """Begins an attempt.

        Raises:
            BudgetReached: The last one was lost, and the budget has not enough for another.
        """
        self._attempts += 1
        if self._attempts > 1:
            self._meter.count(retries=1)
        if self.at_risk and self._reserve is not None:
            lost, self._reserve = self._reserve, None
            self._meter.write_off(lost)
            self._reserve = self._meter.hold(lost.usd, lost.price)
            if self._reserve is None:
                raise self._meter.reached()
        self.at_risk = False

    def settle(self, outcome: Outcome) -> None:
        """Ends the request: with what the server counted, or, where it turned the request down, with nothing."""
        if self.at_risk and self._reserve is not None:
            self._meter.settle(self._reserve, outcome.usage)
            self._reserve = None
        self.close()

    def close(self) -> None:
        """Ends the request without an outcome: not billed, or, where a reply was lost, perhaps billed."""
        if self._reserve is not None:
            (self._meter.write_off if self.at_risk else self._meter.release)(self._reserve)
            self._reserve = None
