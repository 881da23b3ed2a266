"""INIT of the built reader beside that of a bare function with clients for the same services."""

from __future__ import annotations

from bench.performance import starts

ROW = starts.row("INIT, against a bare handler with boto3 clients", starts.bare, 1.6)
