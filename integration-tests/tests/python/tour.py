"""Takes happybase through what its users do, on the gateway given as arguments.

Each function is one thing; a failure ends the program with its name in the traceback.
"""

import sys
import uuid

import happybase
from thriftpy2.thrift import TException


def main():
    host, port, transport, protocol = sys.argv[1:]
    options = dict(host=host, port=int(port), transport=transport, protocol=protocol)
    prefix = f"it_py_{uuid.uuid4().hex}"
    connection = happybase.Connection(table_prefix=prefix, timeout=60_000, **options)
    try:
        tables(connection)
        table = connection.table("t")
        puts_and_gets(table)
        versions_and_timestamps(table)
        deletes(table)
        counters(table)
        batches(table)
        scans(table)
        filters(table)
        regions(table)
        pool(prefix, options)
        errors(connection)
    finally:
        for name in connection.tables():
            connection.delete_table(name, disable=True)
        connection.close()
    print("all done")


def tables(connection):
    families = {"a": {}, "b:": {"max_versions": 2, "time_to_live": 3600, "in_memory": True}}
    connection.create_table("t", families)
    assert connection.tables() == [b"t"]
    described = connection.table("t").families()
    assert sorted(described) == [b"a", b"b"], described
    assert described[b"a"]["max_versions"] == 3
    assert described[b"b"]["max_versions"] == 2
    assert described[b"b"]["time_to_live"] == 3600
    assert connection.is_table_enabled("t")
    connection.disable_table("t")
    assert not connection.is_table_enabled("t")
    connection.enable_table("t")
    connection.compact_table("t")


def puts_and_gets(table):
    table.put(b"r1", {b"a:x": b"1", b"a:": b"empty", b"b:y": b"\x00\xff"})
    assert table.row(b"r1") == {b"a:": b"empty", b"a:x": b"1", b"b:y": b"\x00\xff"}
    assert table.row(b"r1", columns=[b"a:x"]) == {b"a:x": b"1"}
    assert table.row(b"r1", columns=[b"a"]) == {b"a:": b"empty", b"a:x": b"1"}
    assert table.row(b"missing") == {}
    table.put(b"r2", {b"a:x": b"2"})
    rows = dict(table.rows([b"r2", b"missing", b"r1"], columns=[b"a:x"]))
    assert rows == {b"r1": {b"a:x": b"1"}, b"r2": {b"a:x": b"2"}}


def versions_and_timestamps(table):
    for time in (10, 20, 30):
        table.put(b"v", {b"a:x": b"%d" % time}, timestamp=time)
    assert table.cells(b"v", b"a:x") == [b"30", b"20", b"10"]
    assert table.cells(b"v", b"a:x", versions=1, include_timestamp=True) == [(b"30", 30)]
    assert table.cells(b"v", b"a:x", timestamp=30) == [b"20", b"10"]
    assert table.row(b"v", timestamp=20) == {b"a:x": b"10"}
    assert table.row(b"v", include_timestamp=True) == {b"a:x": (b"30", 30)}


def deletes(table):
    table.put(b"d", {b"a:x": b"1", b"a:y": b"2", b"b:z": b"3"})
    table.delete(b"d", columns=[b"a:x"])
    assert sorted(table.row(b"d")) == [b"a:y", b"b:z"]
    table.delete(b"d", columns=[b"b"])
    assert sorted(table.row(b"d")) == [b"a:y"]
    table.delete(b"d")
    assert table.row(b"d") == {}


def counters(table):
    assert table.counter_get(b"c", b"a:n") == 0
    assert table.counter_inc(b"c", b"a:n") == 1
    assert table.counter_inc(b"c", b"a:n", value=5) == 6
    assert table.counter_dec(b"c", b"a:n", value=2) == 4
    # A column of its own: which of two writes of one millisecond counts is not for HBase's users to
    # rely on.
    table.counter_set(b"c", b"a:set", 40)
    assert table.counter_inc(b"c", b"a:set", value=2) == 42


def batches(table):
    with table.batch(batch_size=7) as batch:
        for number in range(20):
            batch.put(b"s%02d" % number, {b"a:n": b"%d" % number, b"b:n": b"x"})
        batch.delete(b"s19")
    with table.batch(timestamp=77) as batch:
        batch.put(b"stamped", {b"a:x": b"v"})
    assert table.row(b"stamped", include_timestamp=True) == {b"a:x": (b"v", 77)}
    try:
        with table.batch(transaction=True) as batch:
            batch.put(b"never", {b"a:x": b"v"})
            raise ValueError
    except ValueError:
        pass
    assert table.row(b"never") == {}


def keys(rows):
    return [key for key, _ in rows]


def scans(table):
    everything = [b"s%02d" % number for number in range(19)]
    assert keys(table.scan(row_prefix=b"s0")) == everything[:10]
    assert keys(table.scan(row_start=b"s05", row_stop=b"s08")) == everything[5:8]
    assert keys(table.scan(row_start=b"s", row_stop=b"s99", batch_size=3)) == everything
    assert keys(table.scan(row_start=b"s", row_stop=b"s99", limit=4)) == everything[:4]
    down = table.scan(row_start=b"s18", row_stop=b"s15", reverse=True)
    assert keys(down) == everything[:15:-1]
    parts = list(table.scan(row_start=b"s00", row_stop=b"s01", scan_batching=1))
    assert parts == [(b"s00", {b"a:n": b"0"}), (b"s00", {b"b:n": b"x"})], parts
    ordered = next(table.scan(row_start=b"s00", sorted_columns=True))
    assert list(ordered[1]) == [b"a:n", b"b:n"]
    assert keys(table.scan(row_start=b"v", row_stop=b"w", timestamp=10)) == []
    unfinished = table.scan(row_start=b"s", batch_size=2)
    next(unfinished)
    unfinished.close()


def filters(table):
    chosen = table.scan(filter=b"SingleColumnValueFilter('a', 'n', =, 'binary:7', true, true)")
    assert keys(chosen) == [b"s07"]
    chosen = table.scan(filter=b"PrefixFilter('s1') AND PageFilter(2)")
    assert keys(chosen) == [b"s10", b"s11"]
    chosen = table.scan(columns=[b"a"], filter=b"RowFilter(=, 'regexstring:^s.5$')")
    assert list(chosen) == [(b"s05", {b"a:n": b"5"}), (b"s15", {b"a:n": b"15"})]


def regions(table):
    (region,) = table.regions()
    assert region["start_key"] == b"" and region["end_key"] == b"", region


def pool(prefix, options):
    connections = happybase.ConnectionPool(size=3, table_prefix=prefix, **options)
    for _ in range(10):
        with connections.connection() as connection:
            assert connection.table("t").row(b"r2") == {b"a:x": b"2"}
    with connections.connection() as first:
        first.tables()


def errors(connection):
    try:
        connection.table("missing").row(b"r")
    except TException as error:
        assert "TableNotFoundException" in str(error), error
    else:
        raise AssertionError("a missing table has been read")


main()
