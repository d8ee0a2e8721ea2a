// Takes HBase's own Java client through what its users do, over the Thrift 2 gateway given as
// arguments (ThriftConnection, which has no batch, no RegionLocator and no BufferedMutator), and
// prints what it says: each line behind "> ", since Java's log may come in between. Nothing that is
// printed differs between two runs. Each chapter's name may be given after the gateway to leave it out.

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;

import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hbase.Cell;
import org.apache.hadoop.hbase.CellUtil;
import org.apache.hadoop.hbase.CompareOperator;
import org.apache.hadoop.hbase.HBaseConfiguration;
import org.apache.hadoop.hbase.NamespaceDescriptor;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.Admin;
import org.apache.hadoop.hbase.client.Append;
import org.apache.hadoop.hbase.client.ColumnFamilyDescriptor;
import org.apache.hadoop.hbase.client.ColumnFamilyDescriptorBuilder;
import org.apache.hadoop.hbase.client.Connection;
import org.apache.hadoop.hbase.client.ConnectionFactory;
import org.apache.hadoop.hbase.client.Delete;
import org.apache.hadoop.hbase.client.Durability;
import org.apache.hadoop.hbase.client.Get;
import org.apache.hadoop.hbase.client.Increment;
import org.apache.hadoop.hbase.client.Put;
import org.apache.hadoop.hbase.client.Result;
import org.apache.hadoop.hbase.client.ResultScanner;
import org.apache.hadoop.hbase.client.RowMutations;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.client.TableDescriptor;
import org.apache.hadoop.hbase.client.TableDescriptorBuilder;
import org.apache.hadoop.hbase.filter.BinaryComparator;
import org.apache.hadoop.hbase.filter.BinaryPrefixComparator;
import org.apache.hadoop.hbase.filter.ColumnCountGetFilter;
import org.apache.hadoop.hbase.filter.ColumnPaginationFilter;
import org.apache.hadoop.hbase.filter.ColumnPrefixFilter;
import org.apache.hadoop.hbase.filter.ColumnRangeFilter;
import org.apache.hadoop.hbase.filter.ColumnValueFilter;
import org.apache.hadoop.hbase.filter.DependentColumnFilter;
import org.apache.hadoop.hbase.filter.FamilyFilter;
import org.apache.hadoop.hbase.filter.Filter;
import org.apache.hadoop.hbase.filter.FilterList;
import org.apache.hadoop.hbase.filter.FirstKeyOnlyFilter;
import org.apache.hadoop.hbase.filter.InclusiveStopFilter;
import org.apache.hadoop.hbase.filter.KeyOnlyFilter;
import org.apache.hadoop.hbase.filter.MultipleColumnPrefixFilter;
import org.apache.hadoop.hbase.filter.PageFilter;
import org.apache.hadoop.hbase.filter.PrefixFilter;
import org.apache.hadoop.hbase.filter.QualifierFilter;
import org.apache.hadoop.hbase.filter.RegexStringComparator;
import org.apache.hadoop.hbase.filter.RowFilter;
import org.apache.hadoop.hbase.filter.SingleColumnValueExcludeFilter;
import org.apache.hadoop.hbase.filter.SingleColumnValueFilter;
import org.apache.hadoop.hbase.filter.SkipFilter;
import org.apache.hadoop.hbase.filter.SubstringComparator;
import org.apache.hadoop.hbase.filter.TimestampsFilter;
import org.apache.hadoop.hbase.filter.ValueFilter;
import org.apache.hadoop.hbase.filter.WhileMatchFilter;
import org.apache.hadoop.hbase.io.compress.Compression;
import org.apache.hadoop.hbase.regionserver.BloomType;
import org.apache.hadoop.hbase.thrift2.generated.TIOError;
import org.apache.hadoop.hbase.util.Bytes;

public class Tour {
  private static final byte[] A = bytes("a"), B = bytes("b"), X = bytes("x"), Y = bytes("y");
  private static final long EARLY = 1000, MIDDLE = 2000, LATE = 3000;
  /** A part of each name, which no other run has. */
  private static final String MARK = "it_java_" + UUID.randomUUID().toString().replace("-", "");
  private static final TableName NAME = TableName.valueOf(MARK + "_t");

  private final Connection connection;
  private final Admin admin;
  private final Table table;

  private Tour(Connection connection) throws Exception {
    this.connection = connection;
    admin = connection.getAdmin();
    table = connection.getTable(NAME);
  }

  interface Chapter {
    void run() throws Exception;
  }

  /** Takes host, port, transport (buffered, framed or http) and protocol (binary or compact). */
  public static void main(String[] arguments) throws Exception {
    Configuration configuration = HBaseConfiguration.create();
    String thrift = "org.apache.hadoop.hbase.thrift2.client.ThriftConnection";
    configuration.set("hbase.client.connection.impl", thrift);
    boolean http = arguments[2].equals("http");
    configuration.set("hbase.thrift.server.name", (http ? "http://" : "") + arguments[0]);
    configuration.set("hbase.thrift.server.port", arguments[1]);
    if (http) {
      configuration.set("hbase.thrift.client.builder.class", thrift + "$HTTPThriftClientBuilder");
    }
    configuration.setBoolean("hbase.regionserver.thrift.framed", arguments[2].equals("framed"));
    configuration.setBoolean("hbase.regionserver.thrift.compact", arguments[3].equals("compact"));
    Set<String> leftOut = new HashSet<>(Arrays.asList(arguments).subList(4, arguments.length));
    try (Connection connection = ConnectionFactory.createConnection(configuration)) {
      Tour tour = new Tour(connection);
      try {
        tour.run(leftOut);
      } finally {
        tour.dropAll();
      }
    }
    System.exit(0);
  }

  private void run(Set<String> leftOut) throws Exception {
    run(leftOut, "tables", this::tables);
    run(leftOut, "rows", this::rows);
    run(leftOut, "versions", this::versions);
    run(leftOut, "times of families", this::timesOfFamilies);
    run(leftOut, "deletes", this::deletes);
    run(leftOut, "counters", this::counters);
    run(leftOut, "checks", this::checks);
    run(leftOut, "mutations", this::mutations);
    run(leftOut, "scans", this::scans);
    run(leftOut, "filters", this::filters);
    run(leftOut, "alterations", this::alterations);
    run(leftOut, "removed families", this::removedFamilies);
    run(leftOut, "split keys", this::splitKeys);
    run(leftOut, "namespaces", this::namespaces);
    run(leftOut, "errors", this::errors);
  }

  private void run(Set<String> leftOut, String name, Chapter chapter) throws Exception {
    if (!leftOut.contains(name)) {
      say("== " + name);
      chapter.run();
    }
  }

  private void dropAll() throws Exception {
    for (TableName name : admin.listTableNames(Pattern.compile(".*" + MARK + ".*"))) {
      if (admin.isTableEnabled(name)) {
        admin.disableTable(name);
      }
      admin.deleteTable(name);
    }
    for (String name : admin.listNamespaces()) {
      if (name.contains(MARK)) {
        admin.deleteNamespace(name);
      }
    }
  }

  private void tables() throws Exception {
    say("exists before: " + admin.tableExists(NAME));
    ColumnFamilyDescriptor a = ColumnFamilyDescriptorBuilder.newBuilder(A).setMaxVersions(5)
        .setTimeToLive(86_400 * 365 * 60).setInMemory(true).build();
    ColumnFamilyDescriptor b = ColumnFamilyDescriptorBuilder.newBuilder(B)
        .setBloomFilterType(BloomType.ROWCOL).setCompressionType(Compression.Algorithm.GZ).build();
    TableDescriptor descriptor = TableDescriptorBuilder.newBuilder(NAME).setColumnFamily(a)
        .setColumnFamily(b).setDurability(Durability.SYNC_WAL).build();
    admin.createTable(descriptor);
    say("exists: " + admin.tableExists(NAME) + ", enabled: " + admin.isTableEnabled(NAME)
        + ", disabled: " + admin.isTableDisabled(NAME) + ", available: "
        + admin.isTableAvailable(NAME));
    describe(table.getDescriptor());
    error("again", () -> admin.createTable(descriptor));
    say("cluster's name is there: " + (connection.getClusterId() != null));
  }

  private void describe(TableDescriptor found) {
    say("table " + found.getTableName() + " " + found.getDurability() + " owner "
        + found.getValue("owner"));
    for (ColumnFamilyDescriptor family : found.getColumnFamilies()) {
      say("  family " + family.getNameAsString() + " " + family.getMaxVersions() + " "
          + family.getTimeToLive() + " " + family.isInMemory() + " " + family.getBloomFilterType()
          + " " + family.getCompressionType() + " " + family.getBlocksize() + " "
          + family.getMinVersions() + " " + family.getScope() + " "
          + family.getDataBlockEncoding() + " " + family.isBlockCacheEnabled());
    }
  }

  private void rows() throws Exception {
    table.put(new Put(bytes("r")).addColumn(A, X, bytes("1")).addColumn(A, Y, bytes("2"))
        .addColumn(B, bytes("\u00fc"), bytes("\u00f6")));
    show(table.get(new Get(bytes("r"))));
    show(table.get(new Get(bytes("r")).addFamily(B)));
    show(table.get(new Get(bytes("r")).addColumn(A, Y).addColumn(B, X)));
    show(table.get(new Get(bytes("absent"))));
    List<Put> puts = new ArrayList<>();
    for (int number = 0; number < 25; number++) {
      byte[] row = bytes(String.format("k%02d", number));
      puts.add(new Put(row).addColumn(A, bytes("n"), bytes("" + number)));
    }
    table.put(puts);
    List<Get> gets = new ArrayList<>();
    for (String row : new String[] {"k24", "absent", "r", "k00"}) {
      gets.add(new Get(bytes(row)));
    }
    for (Result result : table.get(gets)) {
      show(result);
    }
    say("exists " + table.exists(gets.get(0)) + " " + table.exists(gets.get(1)) + " "
        + Arrays.toString(table.exists(gets)));
    Get existence = new Get(bytes("r")).setCheckExistenceOnly(true);
    say("existence alone " + table.exists(existence));
    error("existence alone", () -> table.get(existence));
  }

  private void versions() throws Exception {
    for (long time : new long[] {EARLY, MIDDLE, LATE}) {
      table.put(new Put(bytes("v"), time).addColumn(A, X, bytes("of " + time))
          .addColumn(B, Y, bytes("of " + time)));
    }
    showTimes(table.get(new Get(bytes("v"))));
    showTimes(table.get(new Get(bytes("v")).readAllVersions()));
    showTimes(table.get(new Get(bytes("v")).readVersions(2).addFamily(A)));
    showTimes(table.get(new Get(bytes("v")).readAllVersions().setTimeRange(EARLY, LATE)));
    showTimes(table.get(new Get(bytes("v")).readAllVersions().setTimestamp(MIDDLE)));
    showTimes(table.get(new Get(bytes("v")).readAllVersions().setMaxResultsPerColumnFamily(1)
        .setRowOffsetPerColumnFamily(1)));
    scan(new Scan().withStartRow(bytes("v")).readVersions(2).setTimeRange(EARLY, LATE));
    table.put(new Put(bytes("v2"), LATE).addColumn(A, X, EARLY, bytes("a cell's own time")));
    showTimes(table.get(new Get(bytes("v2"))));
  }

  private void timesOfFamilies() throws Exception {
    scan(new Scan().withStartRow(bytes("v")).withStopRow(bytes("v2")).readAllVersions()
        .setColumnFamilyTimeRange(A, MIDDLE, LATE));
    // A get has no such times on this interface, and they are left out without a word.
    showTimes(table.get(new Get(bytes("v")).readAllVersions()
        .setColumnFamilyTimeRange(A, MIDDLE, LATE)));
  }

  private void deletes() throws Exception {
    delete("column", new Delete(bytes("d0")).addColumns(A, X));
    delete("column up to", new Delete(bytes("d1")).addColumns(A, X, MIDDLE));
    delete("newest", new Delete(bytes("d2")).addColumn(A, X));
    delete("version", new Delete(bytes("d3")).addColumn(A, X, MIDDLE));
    delete("family", new Delete(bytes("d4")).addFamily(A));
    delete("family up to", new Delete(bytes("d5")).addFamily(A, MIDDLE));
    delete("family version", new Delete(bytes("d6")).addFamilyVersion(A, MIDDLE));
    delete("row", new Delete(bytes("d7")));
    delete("row up to", new Delete(bytes("d8"), MIDDLE));
    delete("two columns", new Delete(bytes("d9")).addColumns(A, X).addColumns(A, Y, EARLY));
    List<Delete> deletes = new ArrayList<>();
    for (int number = 0; number < 5; number++) {
      deletes.add(new Delete(bytes("k0" + number)));
    }
    table.delete(deletes);
    say("left of the list: " + deletes.size());
    scan(new Scan().withStartRow(bytes("k")).withStopRow(bytes("k07")));
  }

  private void delete(String what, Delete delete) throws Exception {
    for (long time : new long[] {EARLY, MIDDLE, LATE}) {
      table.put(new Put(delete.getRow(), time).addColumn(A, X, bytes("v"))
          .addColumn(A, Y, bytes("v")).addColumn(B, X, bytes("v")));
    }
    say(what);
    error("delete", () -> table.delete(delete));
    showTimes(table.get(new Get(delete.getRow()).readAllVersions()));
  }

  private void counters() throws Exception {
    byte[] row = bytes("c");
    say("by one: " + table.incrementColumnValue(row, A, X, 1));
    say("by 41: " + table.incrementColumnValue(row, A, X, 41, Durability.SKIP_WAL));
    Result result = table.increment(new Increment(row).addColumn(A, X, -2).addColumn(A, Y, 7));
    say("both: " + Bytes.toLong(result.getValue(A, X)) + " " + Bytes.toLong(result.getValue(A, Y)));
    table.put(new Put(row).addColumn(A, bytes("text"), bytes("no number")));
    error("of a text", () -> table.incrementColumnValue(row, A, bytes("text"), 1));
    Append append = new Append(bytes("p")).addColumn(A, X, bytes("one"));
    show(table.append(append));
    show(table.append(append.addColumn(A, Y, bytes("other"))));
    Append silent = new Append(bytes("p")).addColumn(A, X, bytes("more")).setReturnResults(false);
    show(table.append(silent));
    show(table.get(new Get(bytes("p"))));
  }

  private void checks() throws Exception {
    byte[] row = bytes("q"), done = bytes("done");
    table.put(new Put(row).addColumn(A, X, bytes("5")));
    Put put = new Put(row).addColumn(A, done, bytes("v"));
    error("if absent, of one that is there", () -> say(
        "" + table.checkAndMutate(row, A).qualifier(X).ifNotExists().thenPut(put)));
    error("if absent", () -> say(
        "" + table.checkAndMutate(row, A).qualifier(bytes("no")).ifNotExists().thenPut(put)));
    for (CompareOperator operator : CompareOperator.values()) {
      if (operator == CompareOperator.NO_OP) {
        continue;
      }
      StringBuilder line = new StringBuilder("" + operator);
      for (String value : new String[] {"4", "5", "6"}) {
        line.append(" ").append(table.checkAndMutate(row, A).qualifier(X)
            .ifMatches(operator, bytes(value)).thenPut(put));
      }
      say(line.toString());
    }
    Delete delete = new Delete(row).addColumns(A, done);
    say("delete " + table.checkAndMutate(row, A).qualifier(X).ifEquals(bytes("6"))
        .thenDelete(delete));
    say("delete " + table.checkAndMutate(row, A).qualifier(X).ifEquals(bytes("5"))
        .thenDelete(delete));
    show(table.get(new Get(row)));
    RowMutations both = new RowMutations(row);
    both.add((org.apache.hadoop.hbase.client.Mutation) new Delete(row).addColumns(A, X));
    both.add((org.apache.hadoop.hbase.client.Mutation) new Put(row).addColumn(B, Y, bytes("w")));
    say("both " + table.checkAndMutate(row, A).qualifier(X).ifEquals(bytes("5")).thenMutate(both));
    show(table.get(new Get(row)));
  }

  private void mutations() throws Exception {
    byte[] row = bytes("m");
    table.put(new Put(row).addColumn(A, X, bytes("1")));
    RowMutations good = new RowMutations(row);
    good.add((org.apache.hadoop.hbase.client.Mutation) new Delete(row).addColumns(A, X));
    good.add((org.apache.hadoop.hbase.client.Mutation) new Put(row).addColumn(A, Y, bytes("2")));
    table.mutateRow(good);
    show(table.get(new Get(row)));
    RowMutations bad = new RowMutations(row);
    bad.add((org.apache.hadoop.hbase.client.Mutation) new Delete(row).addColumns(A, Y));
    bad.add((org.apache.hadoop.hbase.client.Mutation) new Put(row).addColumn(bytes("none"), Y, X));
    error("one is bad", () -> table.mutateRow(bad));
    show(table.get(new Get(row)));
  }

  private void scans() throws Exception {
    Scan range = new Scan().withStartRow(bytes("k05")).withStopRow(bytes("k09"));
    named("range", range);
    named("pages of two", new Scan(range).setCaching(2));
    // Each page has this limit: the client counts none of them together.
    named("limit", new Scan(range).setLimit(2));
    named("columns", new Scan().addColumn(A, X).addFamily(B).withStartRow(bytes("r")));
    named("backwards", new Scan().withStartRow(bytes("k09")).withStopRow(bytes("k05"))
        .setReversed(true));
    named("backwards, pages", new Scan().withStartRow(bytes("k09")).withStopRow(bytes("k05"))
        .setReversed(true).setCaching(1));
    named("without the first", new Scan().withStartRow(bytes("k05"), false)
        .withStopRow(bytes("k07"), true));
    named("batch", new Scan().withStartRow(bytes("r")).withStopRow(bytes("s")).setBatch(2));
    named("prefix", new Scan().setRowPrefixFilter(bytes("k2")));
    named("missing family", new Scan().addFamily(bytes("none")));
  }

  private void named(String name, Scan scan) throws Exception {
    say(name);
    error(name, () -> scan(scan));
  }

  private void filters() throws Exception {
    filter("prefix", new PrefixFilter(bytes("k1")));
    filter("page", new PageFilter(2));
    filter("row", new RowFilter(CompareOperator.EQUAL, new SubstringComparator("2")));
    filter("value", new ValueFilter(CompareOperator.GREATER, new BinaryComparator(bytes("23"))));
    filter("keys", new FilterList(new PrefixFilter(bytes("k20")), new KeyOnlyFilter()));
    filter("first", new FilterList(new PrefixFilter(bytes("r")), new FirstKeyOnlyFilter()));
    filter("columns", new FilterList(FilterList.Operator.MUST_PASS_ONE,
        new ColumnPrefixFilter(bytes("y")),
        new QualifierFilter(CompareOperator.EQUAL, new BinaryComparator(bytes("\u00fc")))));
    SingleColumnValueFilter single =
        new SingleColumnValueFilter(A, X, CompareOperator.EQUAL, bytes("1"));
    single.setFilterIfMissing(true);
    filter("single column", single);
    single.setLatestVersionOnly(false);
    filter("single column, each version", single);
    filter("single column excluded", new SingleColumnValueExcludeFilter(A, X,
        CompareOperator.NOT_EQUAL, new RegexStringComparator("^[2-9]")));
    filter("column's value", new ColumnValueFilter(A, Y, CompareOperator.LESS_OR_EQUAL, bytes("2")));
    filter("family", new FamilyFilter(CompareOperator.EQUAL, new BinaryComparator(B)));
    filter("key's beginning", new RowFilter(CompareOperator.LESS,
        new BinaryPrefixComparator(bytes("k1"))));
    filter("expression", new ValueFilter(CompareOperator.EQUAL, new RegexStringComparator("^1.$")));
    filter("several beginnings", new MultipleColumnPrefixFilter(new byte[][] {Y, X}));
    filter("range", new ColumnRangeFilter(X, false, bytes("yy"), true));
    named("times", new Scan().withStartRow(bytes("v")).readAllVersions()
        .setFilter(new TimestampsFilter(Arrays.asList(EARLY, LATE))));
    filter("stop", new InclusiveStopFilter(bytes("k07")));
    filter("skip", new SkipFilter(new ValueFilter(CompareOperator.NOT_EQUAL,
        new BinaryComparator(bytes("1")))));
    filter("while", new WhileMatchFilter(new ValueFilter(CompareOperator.NOT_EQUAL,
        new BinaryComparator(bytes("8")))));
    filter("pages of columns", new ColumnPaginationFilter(1, 1));
    filter("lengths", new FilterList(new PrefixFilter(bytes("q")), new KeyOnlyFilter(true)));
    filter("depending", new DependentColumnFilter(A, X));
    filter("depending on a value", new DependentColumnFilter(A, X, false, CompareOperator.EQUAL,
        new BinaryComparator(bytes("1"))));
    filter("lists in lists", new FilterList(FilterList.Operator.MUST_PASS_ONE,
        new FilterList(new PrefixFilter(bytes("k06"))),
        new FilterList(new PrefixFilter(bytes("r")), new FamilyFilter(CompareOperator.EQUAL,
            new BinaryComparator(B)))));
    filter("quote", new ValueFilter(CompareOperator.EQUAL, new BinaryComparator(bytes("it's"))));
    Get two = new Get(bytes("r")).setFilter(new ColumnCountGetFilter(2));
    error("columns", () -> show(table.get(two)));
    Get get = new Get(bytes("r")).setFilter(new ColumnPrefixFilter(X));
    error("get", () -> show(table.get(get)));
  }

  private void filter(String name, Filter filter) throws Exception {
    named(name, new Scan().withStartRow(bytes("k")).withStopRow(bytes("s")).setFilter(filter));
  }

  private void alterations() throws Exception {
    ColumnFamilyDescriptor a = ColumnFamilyDescriptorBuilder
        .newBuilder(table.getDescriptor().getColumnFamily(A)).setMaxVersions(7).build();
    admin.modifyColumnFamily(NAME, a);
    admin.addColumnFamily(NAME, ColumnFamilyDescriptorBuilder.of("c"));
    table.put(new Put(bytes("r")).addColumn(bytes("c"), X, bytes("new")));
    show(table.get(new Get(bytes("r"))));
    TableDescriptor altered = TableDescriptorBuilder.newBuilder(table.getDescriptor())
        .setColumnFamily(ColumnFamilyDescriptorBuilder.of("d")).build();
    admin.modifyTable(altered);
    describe(admin.getDescriptor(NAME));
    error("again", () -> admin.addColumnFamily(NAME, ColumnFamilyDescriptorBuilder.of("c")));
    error("missing", () -> admin.modifyColumnFamily(NAME, ColumnFamilyDescriptorBuilder.of("e")));
    admin.disableTable(NAME);
    say("disabled: " + admin.isTableDisabled(NAME));
    error("get", () -> table.get(new Get(bytes("r"))));
    error("twice", () -> admin.disableTable(NAME));
    admin.enableTable(NAME);
    error("twice", () -> admin.enableTable(NAME));
    show(table.get(new Get(bytes("r"))));
  }

  private void removedFamilies() throws Exception {
    admin.deleteColumnFamily(NAME, bytes("c"));
    show(table.get(new Get(bytes("r"))));
    TableDescriptor owned = TableDescriptorBuilder.newBuilder(table.getDescriptor())
        .removeColumnFamily(bytes("d")).setValue("owner", "somebody").build();
    admin.modifyTable(owned);
    describe(admin.getDescriptor(NAME));
    error("missing", () -> admin.deleteColumnFamily(NAME, bytes("none")));
  }

  private void splitKeys() throws Exception {
    TableName name = TableName.valueOf(MARK + "_split");
    TableDescriptor descriptor = TableDescriptorBuilder.newBuilder(name)
        .setColumnFamily(ColumnFamilyDescriptorBuilder.of("a")).build();
    byte[][] splits = {bytes("g"), bytes("p")};
    admin.createTable(descriptor, splits);
    say("available: " + admin.isTableAvailable(name));
    try (Table split = connection.getTable(name)) {
      for (String row : new String[] {"a", "h", "z"}) {
        split.put(new Put(bytes(row)).addColumn(A, X, bytes("v")));
      }
      try (ResultScanner scanner = split.getScanner(new Scan().setCaching(2))) {
        for (Result result : scanner) {
          show(result);
        }
      }
      error("enabled", () -> admin.truncateTable(name, true));
      admin.disableTable(name);
      admin.truncateTable(name, true);
      say("exists: " + split.exists(new Get(bytes("a"))));
    }
    TableName range = TableName.valueOf(MARK + "_range");
    TableDescriptor ranges = TableDescriptorBuilder.newBuilder(range)
        .setColumnFamily(ColumnFamilyDescriptorBuilder.of("a")).build();
    admin.createTable(ranges, bytes("b"), bytes("y"), 4);
    say("available: " + admin.isTableAvailable(range));
    TableDescriptor twice =
        TableDescriptorBuilder.newBuilder(ranges).build();
    error("again", () -> admin.createTable(twice, splits));
    for (TableName done : new TableName[] {name, range}) {
      admin.disableTable(done);
      admin.deleteTable(done);
    }
  }

  private void namespaces() throws Exception {
    String own = MARK + "_ns";
    admin.createNamespace(NamespaceDescriptor.create(own).addConfiguration("k", "v").build());
    error("again", () -> admin.createNamespace(NamespaceDescriptor.create(own).build()));
    say("" + admin.getNamespaceDescriptor(own).getConfiguration());
    admin.modifyNamespace(NamespaceDescriptor.create(own).addConfiguration("k", "w").build());
    say("" + admin.getNamespaceDescriptor(own).getConfiguration());
    TableName name = TableName.valueOf(own, "t");
    admin.createTable(TableDescriptorBuilder.newBuilder(name)
        .setColumnFamily(ColumnFamilyDescriptorBuilder.of("a")).build());
    try (Table inside = connection.getTable(name)) {
      inside.put(new Put(bytes("r")).addColumn(A, X, bytes("v")));
      show(inside.get(new Get(bytes("r"))));
    }
    say("names " + Arrays.toString(admin.listTableNamesByNamespace(own)));
    say("described " + admin.listTableDescriptorsByNamespace(bytes(own)).size());
    Pattern all = Pattern.compile(".*" + MARK + ".*");
    say("by pattern " + Arrays.toString(admin.listTableNames(all)));
    for (TableDescriptor found : admin.listTableDescriptors(all)) {
      say("described " + found.getTableName());
    }
    StringBuilder line = new StringBuilder("listed");
    for (NamespaceDescriptor found : admin.listNamespaceDescriptors()) {
      if (Arrays.asList("default", "hbase", own).contains(found.getName())) {
        line.append(" ").append(found.getName());
      }
    }
    say(line.toString());
    error("not empty", () -> admin.deleteNamespace(own));
    admin.disableTable(name);
    admin.deleteTable(name);
    admin.deleteNamespace(own);
    error("gone", () -> admin.getNamespaceDescriptor(own));
  }

  private void errors() throws Exception {
    TableName name = TableName.valueOf(MARK + "_none");
    try (Table none = connection.getTable(name)) {
      error("get", () -> none.get(new Get(bytes("r"))));
      error("put", () -> none.put(new Put(bytes("r")).addColumn(A, X, X)));
      error("delete", () -> none.delete(new Delete(bytes("r"))));
      error("scan", () -> none.getScanner(new Scan()).next());
    }
    error("descriptor", () -> admin.getDescriptor(name));
    error("disable", () -> admin.disableTable(name));
    error("delete", () -> admin.deleteTable(name));
    error("truncate", () -> admin.truncateTable(name, false));
    byte[] missing = bytes("none");
    error("missing family", () -> table.put(new Put(bytes("r")).addColumn(missing, X, X)));
    error("missing family", () -> table.get(new Get(bytes("r")).addFamily(missing)));
    error("missing family", () -> table.delete(new Delete(bytes("r")).addFamily(missing)));
    error("not disabled", () -> admin.deleteTable(NAME));
    show(table.get(new Get(bytes("r")).addFamily(A)));
  }

  private void scan(Scan scan) throws Exception {
    try (ResultScanner scanner = table.getScanner(scan)) {
      for (Result result : scanner) {
        show(result, scan.getMaxVersions() > 1);
      }
    }
  }

  private static void show(Result result) {
    show(result, false);
  }

  private static void showTimes(Result result) {
    show(result, true);
  }

  private static void show(Result result, boolean times) {
    if (result.isEmpty()) {
      say("  nothing");
      return;
    }
    StringBuilder line = new StringBuilder("  " + Bytes.toString(result.getRow()));
    for (Cell cell : result.rawCells()) {
      line.append(" ").append(Bytes.toString(CellUtil.cloneFamily(cell))).append(":");
      line.append(Bytes.toString(CellUtil.cloneQualifier(cell)));
      if (times) {
        line.append("@").append(cell.getTimestamp());
      }
      line.append("=").append(Bytes.toStringBinary(CellUtil.cloneValue(cell)));
    }
    say(line.toString());
  }

  /** Says what a call fails with, if it does: the first line of it. */
  private static void error(String of, Chapter call) {
    try {
      call.run();
    } catch (Throwable error) {
      Throwable cause = error;
      while (cause.getCause() != null) {
        cause = cause.getCause();
      }
      String text = "" + cause.getMessage();
      if (cause instanceof TIOError) {
        text = ((TIOError) cause).isCanRetry() + " " + cause.getMessage();
      }
      // What comes behind it has the names of regions and servers.
      text = text.replaceFirst("(?s)(NoSuchColumnFamilyException): .*", "$1");
      text = text.split("\n")[0].trim();
      say(of + ": " + cause.getClass().getSimpleName() + ": " + text);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Without what is this run's own. */
  private static void say(String text) {
    byte[] line = bytes("> " + text.replace(MARK, "MARK") + "\n");
    System.out.write(line, 0, line.length);
    System.out.flush();
  }
}
