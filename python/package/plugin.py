"""The pytest plugin: a fixture with the function that checks an exporter, and one that tries a consumer."""

import pytest

from . import checks, consumers


@pytest.fixture
def assert_exporter_ok():
    """assert_exporter_ok(obj, *, isolate=False, ignore=()): fails with all findings where obj breaks a rule of the buffer
    protocol."""
    return checks.assert_exporter_ok


@pytest.fixture
def assert_consumer_ok():
    """assert_consumer_ok(consumer, **options): fails with all verdicts where try_consumer(consumer, **options) has some."""

    def assert_ok(consumer, **options):
        __tracebackhide__ = True
        wrong = consumers.try_consumer(consumer, **options)
        assert not wrong, "the consumer is wrong:\n" + "\n".join(map(str, wrong))

    return assert_ok
