"""The Python client of a running service: `from serving.client import connect`."""

from serving.client.glossa import Glossa, connect
from serving.client.records import ServiceError

__all__ = ["Glossa", "ServiceError", "connect"]
