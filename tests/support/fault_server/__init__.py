"""A scripted, fault-injecting server on the loopback interface, for testing whatever talks to a language model."""

from fault_server import faults
from fault_server.batches import BatchEndpoint, BatchPlan
from fault_server.faults import Fault
from fault_server.server import FaultServer, Received, echo

__all__ = ["BatchEndpoint", "BatchPlan", "Fault", "FaultServer", "Received", "echo", "faults"]
