"""Quality-monitoring accounts: opened within the quota, changed once filed, closed, listed for annex 1 (A2-A5)."""

from models.services.monitoring.annex import annex_rows, list_accounts

__all__ = ["annex_rows", "list_accounts"]
