"""Real servers on loopback, under one folder, without containers."""

from .kafka import Kafka
from .postgres import Postgres
from .process import StackError
from .s3 import S3
from .stack import Stack

__all__ = ["Kafka", "Postgres", "S3", "Stack", "StackError"]
