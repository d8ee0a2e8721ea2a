"""Takes thbase through what its users do, on the Thrift 2 gateway given as arguments, and prints what it says.

What thbase has words of its own for is asked in these, the rest with its generated client. Nothing
that is printed differs between two runs. Each function is a chapter; its name may be given after the
gateway to leave it out.
"""

import logging
import re
import sys
import time
import uuid

from thbase.config import ClientConfig, ProtocolType, TransportType
from thbase.hbase.ttypes import (
    TAppend,
    TBloomFilterType,
    TColumn,
    TColumnFamilyDescriptor,
    TColumnIncrement,
    TColumnValue,
    TCompareOp,
    TDelete,
    TDeleteType,
    TDurability,
    TGet,
    TIllegalArgument,
    TIncrement,
    TIOError,
    TMutation,
    TNamespaceDescriptor,
    TPut,
    TRowMutations,
    TScan,
    TTimeRange,
)
from thbase.thrift2.client import Client
from thbase.thrift2.operation import Delete, Get, Put, Scan
from thbase.util import str_to_tablename
from thbase.util.builder import ColumnDescriptorBuilder, TableDescriptorBuilder
from thrift.Thrift import TApplicationException

EARLY, MIDDLE, LATE = 1_000, 2_000, 3_000


def main():
    host, port, transport, protocol, *left_out = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    config = ClientConfig(
        thrift_host=host,
        port=int(port),
        retry_times=1,
        retry_timeout=1,
        transport_type=TransportType.FRAMED if transport == "framed" else TransportType.BUFFERED,
        protocol_type=ProtocolType.COMPACT if protocol == "compact" else ProtocolType.BINARY,
        use_http=transport == "http",
    )
    client = Client(config)
    assert client.open_connection()
    world = World(client)
    try:
        for chapter in CHAPTERS:
            name = chapter.__name__.replace("_", " ")
            if name not in left_out:
                print("==", name)
                chapter(world)
    finally:
        world.drop_all()
        client.close_connection()


class World:
    """The connection, and tables and namespaces that no other run has."""

    def __init__(self, client):
        self.client = client
        # In the executor's place: errors are printed as they are.
        self.raw = client.client
        self.mark = f"it_th_{uuid.uuid4().hex}"
        self.name = f"{self.mark}_t"
        self.bytes = self.name.encode()
        self.table = client.get_table(self.name)

    def drop_all(self):
        for name in self.raw.getTableNamesByPattern(f".*{self.mark}.*", False):
            if self.raw.isTableEnabled(name):
                self.raw.disableTable(name)
            self.raw.deleteTable(name)
        for name in self.raw.listNamespaces():
            if self.mark in name:
                self.raw.deleteNamespace(name)

    def text(self, what):
        """As text, without what is this run's own."""
        text = what.decode("utf-8", "backslashreplace") if isinstance(what, bytes) else str(what)
        return text.replace(self.mark, "MARK")

    def say(self, *words):
        print(*(self.text(word) for word in words))

    def error(self, of, call):
        """What a call fails with: the first line of it."""
        try:
            self.say(of, "no error:", call())
        except TIOError as error:
            # What comes behind it has the names of regions and servers.
            text = error.message or "no message"
            text = re.sub(r"(?s)(NoSuchColumnFamilyException): .*", r"\1", text)
            line = text.splitlines()[0].strip()
            self.say(of, f"TIOError, can retry: {error.canRetry}:", line)
        except TIllegalArgument as error:
            self.say(of, "TIllegalArgument:", error.message)
        except TApplicationException as error:
            self.say(of, f"TApplicationException {error.type}:", error.message)


def cells(world, found):
    """thbase's cells, without times."""
    for cell in found or []:
        name = f"{world.text(cell.row)} {world.text(cell.family)}:{world.text(cell.qualifier)}"
        world.say("  ", name, "=", cell.value)


def results(world, found, times=True):
    for result in found:
        row = "nothing" if result.row is None else result.row
        parts = [
            f"{world.text(cell.family)}:{world.text(cell.qualifier)}"
            + (f"@{cell.timestamp}" if times else "")
            + f"={world.text(cell.value)}"
            for cell in result.columnValues
        ]
        world.say("  ", row, *parts)


def column(qualifier=None, timestamp=None, family=b"a"):
    return TColumn(family=family, qualifier=qualifier, timestamp=timestamp)


def put_at(world, row, qualifier, timestamp, value, family=b"a"):
    cell = TColumnValue(family=family, qualifier=qualifier, value=value)
    world.raw.put(world.bytes, TPut(row=row, columnValues=[cell], timestamp=timestamp))


def read(world, row, **what):
    results(world, [world.raw.get(world.bytes, TGet(row=row, maxVersions=10, **what))])


def tables(world):
    a = ColumnDescriptorBuilder("a").set_maxVersions(5).set_timeToLive(86_400 * 365 * 60).build()
    b = ColumnDescriptorBuilder("b").set_bloomnFilterType(TBloomFilterType.ROWCOL).build()
    table = TableDescriptorBuilder(world.name).add_column(a).add_column(b)
    table = table.set_durability(TDurability.SYNC_WAL).build()
    world.say("exists before:", world.client.table_exists(world.name))
    world.say("created:", world.client.create_table(table, []))
    world.say("exists:", world.client.table_exists(world.name))
    world.say("enabled:", world.client.is_enabled(world.name))
    found = world.client.get_tableDescriptor(world.name)
    world.say("name:", found.tableName.ns, found.tableName.qualifier)
    world.say("durability:", found.durability)
    for family in found.columns:
        world.say(
            "family", family.name, family.maxVersions, family.timeToLive, family.bloomnFilterType,
            family.blockSize, family.inMemory, family.blockCacheEnabled, family.compressionType,
        )  # fmt: skip
    family = world.client.get_columnDescriptor(world.name, "a")
    world.say("one family:", family.name, family.maxVersions)
    world.error("again", lambda: world.client.create_table(table, []))


def rows(world):
    table = world.table
    world.say("put:", table.put(Put(row="r", family="a", qualifier="x", value="1")))
    world.say("several:", table.put(Put(row="r", family="a", qualifier=["y", "z"], value=["2", "3"])))
    world.say("other:", table.put(Put(row="r", family="b", qualifier="ü", value="ö")))
    cells(world, table.get(Get(row="r")))
    for family, qualifier in [("a", None), ("a", "x"), ("a", ["z", "x", "no"]), ("b", "x")]:
        world.say("get", family, qualifier)
        cells(world, table.get(Get(row="r", family=family, qualifier=qualifier)))
    world.say("absent:", table.get(Get(row="absent")))
    puts = [Put(row=f"k{number:02}", family="a", qualifier="n", value=str(number)) for number in range(25)]
    world.say("batch:", table.put_batch(puts))
    gets = [Get(row=row) for row in ["k24", "absent", "k00", "r"]]
    cells(world, table.get_batch(gets))
    world.say("one is bad")
    world.error("batch", lambda: table.put_batch([puts[0], Put("k99", "none", "x", "v"), puts[1]]))
    world.error("get batch", lambda: table.get_batch([gets[0], Get("r", "none"), gets[2]]))


def pages(world):
    table = world.table
    for name, scan in [
        ("three", Scan(num_rows=3)),
        ("from k20", Scan(start_row="k20", num_rows=3)),
        ("to k02", Scan(start_row="k", stop_row="k02")),
        ("the same row as both", Scan(start_row="k07", stop_row="k07")),
        ("backwards", Scan(start_row="k05", stop_row="k02", reversed=True)),
        ("backwards from the end", Scan(num_rows=2, reversed=True)),
        ("family", Scan(family="b")),
        ("columns", Scan(start_row="r", family="a", qualifier=["x", "z"])),
        ("none", Scan(num_rows=0)),
        ("filter", Scan(filter_string="PrefixFilter('k1') AND ValueFilter(>=, 'binary:15')")),
        ("keys", Scan(start_row="k23", filter_string="KeyOnlyFilter()")),
        ("page", Scan(filter_string="PageFilter(2)")),
    ]:
        world.say(name)
        cells(world, table.scan(scan))
    world.error("bad filter", lambda: table.scan(Scan(filter_string="NoFilter(")))
    world.error("fewer than none", lambda: table.scan(Scan(num_rows=-1)))
    world.error("missing family", lambda: table.scan(Scan(family="none")))


def scanners(world):
    for name, scan in [
        ("caching", TScan(startRow=b"k00", stopRow=b"k05", caching=2)),
        ("limit", TScan(startRow=b"k00", limit=3)),
        ("reversed limit", TScan(reversed=True, limit=3)),
        ("columns", TScan(columns=[column(b"x"), column(b"\xc3\xbc", family=b"b")])),
        ("batch", TScan(startRow=b"r", batchSize=2)),
        ("no blocks", TScan(startRow=b"k24", cacheBlocks=False)),
    ]:
        scanner = world.raw.openScanner(world.bytes, scan)
        while True:
            found = world.raw.getScannerRows(scanner, 2)
            world.say(name, "fetched", len(found))
            results(world, found, times=False)
            if not found:
                break
        world.raw.closeScanner(scanner)
        world.raw.closeScanner(scanner)
        world.error("closed", lambda: world.raw.getScannerRows(scanner, 2))


def versions(world):
    for timestamp in [EARLY, MIDDLE, LATE]:
        put_at(world, b"v", b"x", timestamp, b"of %d" % timestamp)
        put_at(world, b"v", b"y", timestamp, b"of %d" % timestamp, family=b"b")
    read(world, b"v")
    for name, what in [
        ("one", {"columns": [column(b"x")]}),
        ("range", {"timeRange": TTimeRange(EARLY, LATE)}),
        ("empty range", {"timeRange": TTimeRange(EARLY, EARLY)}),
        ("time", {"timestamp": MIDDLE}),
        ("time before range", {"timestamp": LATE, "timeRange": TTimeRange(EARLY, MIDDLE)}),
        ("of a column", {"columns": [column(b"x", MIDDLE)]}),
        ("store limit", {"storeLimit": 1}),
        ("store offset", {"storeOffset": 1, "storeLimit": 2}),
        ("filter", {"filterString": b"TimestampsFilter(1000, 3000)"}),
    ]:
        world.say(name)
        read(world, b"v", **what)
    world.say("newest")
    results(world, [world.raw.get(world.bytes, TGet(row=b"v"))])
    world.say("thbase's two")
    cells(world, world.table.get(Get(row="v", family="a", max_versions=2)))
    for name, scan in [
        ("scan of two", TScan(startRow=b"v", maxVersions=2)),
        ("scan of times", TScan(startRow=b"v", maxVersions=9, timeRange=TTimeRange(MIDDLE, LATE))),
    ]:
        world.say(name)
        results(world, world.raw.getScannerResults(world.bytes, scan, 10))
    world.error("range of less than nothing", lambda: read(world, b"v", timeRange=TTimeRange(LATE, EARLY)))
    world.error("no versions", lambda: world.raw.get(world.bytes, TGet(row=b"v", maxVersions=0)))
    cell = TColumnValue(family=b"a", qualifier=b"own", value=b"v", timestamp=EARLY)
    world.raw.put(world.bytes, TPut(row=b"v2", columnValues=[cell], timestamp=LATE))
    world.say("a cell's time before the put's")
    read(world, b"v2")


def times_of_families(world):
    times = {b"b": TTimeRange(EARLY, MIDDLE)}
    scan = TScan(startRow=b"v", stopRow=b"v", maxVersions=9, colFamTimeRangeMap=times)
    results(world, world.raw.getScannerResults(world.bytes, scan, 10))


def deletes(world):
    table = world.table
    for row, delete in [
        ("dt1", Delete(row="dt1", family="a", qualifier="x")),
        # The column without a name, and not the family.
        ("dt2", Delete(row="dt2", family="a")),
        ("dt3", Delete(row="dt3")),
        ("dt4", Delete(row="absent")),
    ]:
        for qualifier in [b"", b"x", b"y"]:
            put_at(world, row.encode(), qualifier, EARLY, b"v")
        world.say("thbase's", table.delete(delete))
        read(world, row.encode())
    for number, (name, delete) in enumerate([
        ("column", {"columns": [column(b"x")]}),
        ("column up to", {"columns": [column(b"x", MIDDLE)]}),
        ("newest", {"columns": [column(b"x")], "deleteType": TDeleteType.DELETE_COLUMN}),
        ("version", {"columns": [column(b"x", MIDDLE)], "deleteType": TDeleteType.DELETE_COLUMN}),
        ("family", {"columns": [column()], "deleteType": TDeleteType.DELETE_FAMILY}),
        ("family up to", {"columns": [column(None, MIDDLE)], "deleteType": TDeleteType.DELETE_FAMILY}),
        ("family version", {"columns": [column(None, MIDDLE)], "deleteType": TDeleteType.DELETE_FAMILY_VERSION}),
        ("bare family", {"columns": [column()]}),
        ("its own time", {"columns": [column(b"x")], "timestamp": EARLY}),
        ("row", {}),
        ("row up to", {"timestamp": MIDDLE}),
        ("row, its kind is not looked at", {"deleteType": TDeleteType.DELETE_COLUMN, "timestamp": EARLY}),
    ]):
        row = b"d%d" % number
        for timestamp in [EARLY, MIDDLE, LATE]:
            for qualifier in [b"", b"x"]:
                put_at(world, row, qualifier, timestamp, b"v")
        put_at(world, row, b"other", MIDDLE, b"v", family=b"b")
        world.raw.deleteSingle(world.bytes, TDelete(row=row, **delete))
        world.say(name)
        read(world, row)
    no_time = TDelete(row=b"d", columns=[column()], deleteType=TDeleteType.DELETE_FAMILY_VERSION)
    world.error("family version without a time", lambda: world.raw.deleteSingle(world.bytes, no_time))
    world.error("missing family", lambda: table.delete(Delete("d", "none", "x")))
    # The reply is always empty, and thbase takes that for a failure.
    world.say("batch:", table.delete_batch([Delete(row=f"k{number:02}") for number in range(5)]))
    world.say("again:", world.raw.deleteMultiple(world.bytes, [TDelete(row=b"k05"), TDelete(row=b"absent")]))
    cells(world, table.scan(Scan(start_row="k", num_rows=1)))


def counters(world):
    def by(qualifier, amount=None, family=b"a"):
        if amount is None:
            return TColumnIncrement(family=family, qualifier=qualifier)
        return TColumnIncrement(family=family, qualifier=qualifier, amount=amount)

    def increment(*columns, **more):
        found = world.raw.increment(world.bytes, TIncrement(row=b"c", columns=list(columns), **more))
        row = "nothing" if found.row is None else found.row
        values = [int.from_bytes(cell.value, "big", signed=True) for cell in found.columnValues]
        names = [world.text(cell.qualifier) for cell in found.columnValues]
        world.say("  ", row, *(f"{name}={value}" for name, value in zip(names, values)))

    increment(by(b"n"))
    increment(by(b"n", 41))
    increment(by(b"n", -2), by(b"m", 7))
    increment(by(b"m", 3, family=b"b"), by(b"n", 0))
    increment(by(b"n", 1), returnResults=False)
    increment(by(b"n", 1), durability=TDurability.SKIP_WAL)
    put_at(world, b"c", b"text", None, b"no number")
    world.error("of a text", lambda: increment(by(b"text")))
    world.error("missing family", lambda: increment(by(b"n", family=b"none")))
    world.error("of no column", lambda: increment())

    def append(*values, **more):
        columns = [TColumnValue(family=b"a", qualifier=q, value=v) for q, v in values]
        found = world.raw.append(world.bytes, TAppend(row=b"p", columns=columns, **more))
        results(world, [found], times=False)

    append((b"x", b"one"))
    append((b"x", b", two"), (b"y", b"other"))
    append((b"x", b", three"), returnResults=False)
    append((b"x", b""))


def checks(world):
    put_at(world, b"q", b"x", None, b"5")
    put = TPut(row=b"q", columnValues=[TColumnValue(family=b"a", qualifier=b"done", value=b"v")])
    for name, qualifier, value in [
        ("equal", b"x", b"5"),
        ("other", b"x", b"6"),
        ("absent is none", b"none", None),
        ("absent is empty", b"none", b""),
        ("there is not none", b"x", None),
        ("absent is not a value", b"none", b"5"),
    ]:
        done = world.raw.checkAndPut(world.bytes, b"q", b"a", qualifier, value, put)
        world.say("put,", name, done)
    for name, value in [("other", b"6"), ("equal", b"v")]:
        delete = TDelete(row=b"q", columns=[column(b"done")])
        done = world.raw.checkAndDelete(world.bytes, b"q", b"a", b"done", value, delete)
        world.say("delete,", name, done)
    results(world, [world.raw.get(world.bytes, TGet(row=b"q"))], times=False)
    mutations = TRowMutations(row=b"q", mutations=[TMutation(put=put)])
    for operator, name in sorted(TCompareOp._VALUES_TO_NAMES.items()):
        for value in [b"4", b"5", b"6", b""]:
            for qualifier in [b"x", b"none"]:
                if name == "NO_OP" and value:
                    continue
                done = world.raw.checkAndMutate(world.bytes, b"q", b"a", qualifier, operator, value, mutations)
                world.say(name, value, qualifier, done)
    equal = TCompareOp.EQUAL
    world.error(
        "no value", lambda: world.raw.checkAndMutate(world.bytes, b"q", b"a", b"x", equal, None, mutations)
    )
    other = TPut(row=b"other", columnValues=put.columnValues)
    world.error("put of another row", lambda: world.raw.checkAndPut(world.bytes, b"q", b"a", b"x", b"5", other))
    world.error("missing family", lambda: world.raw.checkAndPut(world.bytes, b"q", b"none", b"x", b"5", put))


def mutations(world):
    def mutate(*changes, row=b"m"):
        world.raw.mutateRow(world.bytes, TRowMutations(row=row, mutations=list(changes)))

    def put(qualifier, value, family=b"a", row=b"m"):
        cell = TColumnValue(family=family, qualifier=qualifier, value=value)
        return TMutation(put=TPut(row=row, columnValues=[cell]))

    def delete(**what):
        return TMutation(deleteSingle=TDelete(row=b"m", **what))

    mutate(put(b"x", b"1"), put(b"y", b"2", family=b"b"))
    results(world, [world.raw.get(world.bytes, TGet(row=b"m"))], times=False)
    pause()
    mutate(delete(columns=[column(b"x")]), put(b"z", b"3"))
    results(world, [world.raw.get(world.bytes, TGet(row=b"m"))], times=False)
    pause()
    mutate(delete())
    results(world, [world.raw.get(world.bytes, TGet(row=b"m"))], times=False)
    world.error("one is bad", lambda: mutate(put(b"x", b"1"), put(b"x", b"1", family=b"none")))
    world.error("another row", lambda: mutate(put(b"x", b"1", row=b"other")))
    results(world, [world.raw.get(world.bytes, TGet(row=b"m"))], times=False)


def pause():
    """HBase hides a put that comes in the millisecond of a delete."""
    time.sleep(0.005)


def existence(world):
    for row in [b"r", b"absent"]:
        world.say(row, world.raw.exists(world.bytes, TGet(row=row)))
    world.say("column", world.raw.exists(world.bytes, TGet(row=b"r", columns=[column(b"none")])))
    world.say("all", world.raw.existsAll(world.bytes, [TGet(row=row) for row in [b"absent", b"r", b"q"]]))
    results(world, world.raw.getMultiple(world.bytes, [TGet(row=row) for row in [b"absent", b"r"]]), times=False)


def alterations(world):
    family = world.client.get_columnBuilder(world.name, "a").set_maxVersions(7).build()
    world.say("modified:", world.client.modify_columnFamily(world.name, family))
    world.say("versions:", world.client.get_columnDescriptor(world.name, "a").maxVersions)
    name = str_to_tablename(world.name)
    world.raw.addColumnFamily(name, TColumnFamilyDescriptor(name=b"c"))
    put_at(world, b"r", b"new", None, b"v", family=b"c")
    world.say("families:", *(family.name for family in world.raw.getTableDescriptor(name).columns))
    world.error("added again", lambda: world.raw.addColumnFamily(name, TColumnFamilyDescriptor(name=b"c")))
    missing = TColumnFamilyDescriptor(name=b"none")
    world.error("missing", lambda: world.raw.modifyColumnFamily(name, missing))
    cells(world, world.table.get(Get(row="r")))


def attributes(world):
    for owner in ["somebody", "else"]:
        table = world.client.get_tableBuilder(world.name).add_attributes("owner", owner)
        world.say("modified:", world.client.modify_table(table.build()))
        found = world.client.get_tableDescriptor(world.name)
        world.say("owner:", found.attributes[b"owner"])


def removed_families(world):
    name = str_to_tablename(world.name)
    world.raw.deleteColumnFamily(name, b"c")
    world.say("families:", *(family.name for family in world.raw.getTableDescriptor(name).columns))
    cells(world, world.table.get(Get(row="r")))
    world.error("missing", lambda: world.raw.deleteColumnFamily(name, b"none"))


def split_keys(world):
    own = f"{world.mark}_split"
    family = ColumnDescriptorBuilder("a").build()
    descriptor = TableDescriptorBuilder(own).add_column(family).build()
    world.say("created:", world.client.create_table(descriptor, [b"p", b"g"]))
    name = str_to_tablename(own)

    def regions():
        found = world.raw.getAllRegionLocations(own.encode())
        for region in sorted(location.regionInfo.startKey for location in found):
            world.say("  region from", repr(region))

    regions()
    found = world.raw.getRegionLocation(own.encode(), b"h", False).regionInfo
    world.say("of h:", found.startKey, found.endKey, found.tableName)
    for splits in [[b"g", b"p"], [b"g"], [b"x"]]:
        world.say("available:", world.raw.isTableAvailableWithSplit(name, splits))
    table = world.client.get_table(own)
    for preserve in [True, False]:
        table.put(Put(row="r", family="a", qualifier="x", value="v"))
        world.error("not disabled", lambda: world.client.truncate_table(own, preserve))
        world.say("disabled:", world.client.disable_table(own))
        world.say("truncated:", world.client.truncate_table(own, preserve))
        cells(world, table.scan(Scan()))
        regions()
    descriptor = TableDescriptorBuilder(f"{own}_2").add_column(family).build()
    world.error("the same twice", lambda: world.client.create_table(descriptor, [b"p", b"p"]))
    world.say("dropped:", world.client.disable_table(own), world.client.delete_table(own))


def states(world):
    name = str_to_tablename(world.name)
    world.error("enabled", lambda: world.client.enable_table(world.name))
    world.error("not disabled", lambda: world.client.delete_table(world.name))
    world.say("disabled:", world.client.disable_table(world.name), world.raw.isTableDisabled(name))
    world.say("available:", world.raw.isTableAvailable(name))
    world.error("twice", lambda: world.client.disable_table(world.name))
    world.error("get", lambda: world.table.get(Get(row="r")))
    world.error("put", lambda: world.table.put(Put("r", "a", "x", "v")))
    world.say("enabled:", world.client.enable_table(world.name), world.client.is_enabled(world.name))
    cells(world, world.table.get(Get(row="r", family="a", qualifier="x")))


def namespaces(world):
    own = f"{world.mark}_ns"
    world.raw.createNamespace(TNamespaceDescriptor(name=own, configuration={"key": "value"}))
    found = world.raw.getNamespaceDescriptor(own)
    world.say(found.name, found.configuration)
    world.raw.modifyNamespace(TNamespaceDescriptor(name=own, configuration={"key": "other"}))
    world.say(world.raw.getNamespaceDescriptor(own).configuration)
    known = ["default", "hbase", own]
    world.say("listed:", *(name for name in world.raw.listNamespaces() if name in known))
    described = [one.name for one in world.raw.listNamespaceDescriptors()]
    world.say("described:", *(name for name in described if name in known))
    table = f"{own}:t"
    descriptor = TableDescriptorBuilder(table).add_column(ColumnDescriptorBuilder("a").build()).build()
    world.say("created:", world.client.create_table(descriptor, []))
    world.client.get_table(table).put(Put("r", "a", "x", "v"))
    cells(world, world.client.get_table(table).get(Get(row="r")))
    for name in world.raw.getTableNamesByNamespace(own):
        world.say("table", name.ns, name.qualifier)
    for found in world.raw.getTableDescriptorsByNamespace(own):
        world.say("described", found.tableName.ns, found.tableName.qualifier)
    for name in world.raw.getTableNamesByPattern(f"{own}:.*", False):
        world.say("by pattern", name.ns, name.qualifier)
    for found in world.raw.getTableDescriptorsByPattern(f"{world.mark}.*", False):
        world.say("by pattern, described", found.tableName.ns, found.tableName.qualifier)
    world.error("not empty", lambda: world.raw.deleteNamespace(own))
    world.say(world.client.disable_table(table), world.client.delete_table(table))
    world.raw.deleteNamespace(own)
    world.error("gone", lambda: world.raw.getNamespaceDescriptor(own))
    world.error("no namespace", lambda: world.client.create_table(descriptor, []))


def errors(world):
    none = world.client.get_table(f"{world.mark}_none")
    world.error("get", lambda: none.get(Get(row="r")))
    world.error("put", lambda: none.put(Put("r", "a", "x", "v")))
    world.error("delete", lambda: none.delete(Delete("r")))
    world.error("scan", lambda: none.scan(Scan()))
    world.error("disable", lambda: world.client.disable_table(f"{world.mark}_none"))
    world.error("delete table", lambda: world.client.delete_table(f"{world.mark}_none"))
    world.error("descriptor", lambda: world.client.get_tableDescriptor(f"{world.mark}_none"))
    world.error("empty row", lambda: world.table.get(Get(row="")))
    world.error("empty put", lambda: world.raw.put(world.bytes, TPut(row=b"r", columnValues=[])))
    world.error("missing family", lambda: world.table.put(Put("r", "none", "x", "v")))
    world.error("scanner", lambda: world.raw.getScannerRows(1_000_000_000, 1))
    world.error("no such method", lambda: world.client.get_user_permissions("none"))
    world.say("server:", world.raw.getThriftServerType())
    cells(world, world.table.get(Get(row="r", family="a", qualifier="x")))


CHAPTERS = [
    tables, rows, pages, scanners, versions, times_of_families, deletes, counters, checks, mutations, existence, alterations,
    attributes, removed_families, split_keys, states, namespaces, errors,
]  # fmt: skip

if __name__ == "__main__":
    main()
