"""A run as one page that needs nothing else: pictures, tables, texts, no network."""

from emotiset.report.page import check_can_report, write_report

__all__ = ["check_can_report", "write_report"]
