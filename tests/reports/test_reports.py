"""Our column of the table of reports: every answer right, in both modes."""

import importlib.util
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("reports", Path(__file__).parent / "reports.py")
reports = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reports)


def named(value):
    """A readable name of a test."""
    return value if isinstance(value, str) else f"{value.name}-{value.what}".replace(" ", "_")


@pytest.mark.parametrize(
    ("report", "mode"),
    [(report, mode) for report in reports.REPORTS for mode in report.modes],
    ids=named,
)
def test_our_answer_to_a_report_is_right(report, mode):
    answer = reports.attempt(lambda: reports.ours(report, mode))
    assert reports.is_right(report, answer, ours=True), reports.shown(answer)


@pytest.mark.parametrize("report", reports.LIMITS, ids=named)
def test_what_the_page_calls_wrong_is_wrong(report):
    answers = reports.our_answers(report)
    assert not any(reports.is_right(report, answer, ours=True) for answer in answers)


def test_there_are_enough_different_reports_from_all_five_trackers():
    assert len({report.address for report in reports.REPORTS}) >= 40
    assert {report.tracker for report in reports.REPORTS} == set(reports.REPOSITORIES)


def test_an_answer_with_nan_or_of_another_shape_is_never_right():
    for report in reports.REPORTS:
        for wrong in (reports.nan, [reports.nan] * 3, None, 0.123):
            assert not reports.is_right(report, wrong, ours=True)
