"""The wheel as its users have it: the fixtures, and the server by hand."""

import happybase
import pytest

from mini_hbase import ControlError, MiniHBase

SEED = """
{"table": "crashes", "families": ["raw", "meta"]}
{"table": "crashes", "row": "a", "cells": {"raw:json": "{}", "meta:n": {"counter": 5}}}
"""


@pytest.fixture(scope="session")
def mini_hbase_seed():
    return SEED


def test_the_connection_has_the_seeds(hbase):
    table = hbase.table("crashes")
    assert table.row(b"a")[b"raw:json"] == b"{}"
    assert table.counter_inc(b"a", b"meta:n") == 6
    table.put(b"b", {b"raw:json": b"new"})
    assert [key for key, _ in table.scan()] == [b"a", b"b"]


def test_each_test_begins_anew(hbase):
    table = hbase.table("crashes")
    assert [key for key, _ in table.scan()] == [b"a"]
    assert table.counter_get(b"a", b"meta:n") == 5


def test_faults_clock_and_scanners(hbase, mini_hbase):
    mini_hbase.fault("drop_before", "getRowWithColumns", nth=1)
    mini_hbase.fault("drop_before", "getRow", nth=1)
    with pytest.raises(Exception):
        hbase.table("crashes").row(b"a")
    again = happybase.Connection(mini_hbase.host, mini_hbase.port)
    assert again.table("crashes").row(b"a")
    before = mini_hbase.control("GET", "/")["time_ms"]
    mini_hbase.advance_clock(3_600_000)
    assert mini_hbase.control("GET", "/")["time_ms"] >= before + 3_600_000
    mini_hbase.expire_scanners()
    mini_hbase.seed('{"table": "more", "families": ["f"]}')
    assert b"more" in again.tables()
    with pytest.raises(ControlError, match="line 1"):
        mini_hbase.seed("{}")
    again.close()


def test_a_server_by_hand_and_one_that_does_not_start():
    with MiniHBase(arguments=["--transport", "framed"]) as server:
        connection = happybase.Connection(server.host, server.port, transport="framed")
        connection.create_table("t", {"f": {}})
        assert connection.tables() == [b"t"]
        connection.close()
    with pytest.raises(RuntimeError, match="line 1"):
        MiniHBase(seed='{"table": "t"}')
