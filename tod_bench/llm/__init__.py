"""A client for OpenAI-compatible servers that never pays twice, and a scripted one: see ``docs/llm.md``."""

from tod_bench.llm.batch import BatchClient, BatchPending
from tod_bench.llm.budget import Budget
from tod_bench.llm.cache import AnswerCache
from tod_bench.llm.client import ChatClient
from tod_bench.llm.conversations import converse
from tod_bench.llm.estimates import Estimate, estimate
from tod_bench.llm.failures import BudgetReached, PermanentError
from tod_bench.llm.openai_client import OpenAIClient
from tod_bench.llm.records import (
    ChatAnswer,
    ChatFailure,
    ChatRequest,
    ImagePart,
    Message,
    Outcome,
    Spending,
    TextPart,
    ToolCall,
    Usage,
)
from tod_bench.llm.retry import RetryPolicy
from tod_bench.llm.scripted import ScriptedClient

__all__ = [
    "AnswerCache",
    "BatchClient",
    "BatchPending",
    "Budget",
    "BudgetReached",
    "ChatAnswer",
    "ChatClient",
    "ChatFailure",
    "ChatRequest",
    "Estimate",
    "ImagePart",
    "Message",
    "OpenAIClient",
    "Outcome",
    "PermanentError",
    "RetryPolicy",
    "ScriptedClient",
    "Spending",
    "TextPart",
    "ToolCall",
    "Usage",
    "converse",
    "estimate",
]
