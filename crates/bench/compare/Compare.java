// HBase's own client on a real HBase: does what each line of standard input says, and prints how
// many rows it was and how many seconds it took. `cargo xtask compare` starts it.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;

import org.apache.hadoop.hbase.HBaseConfiguration;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.BufferedMutator;
import org.apache.hadoop.hbase.client.Connection;
import org.apache.hadoop.hbase.client.ConnectionFactory;
import org.apache.hadoop.hbase.client.Get;
import org.apache.hadoop.hbase.client.Put;
import org.apache.hadoop.hbase.client.Result;
import org.apache.hadoop.hbase.client.ResultScanner;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;

public class Compare {
  private static final byte[] FAMILY = bytes("ids");
  private static final byte[] QUALIFIER = bytes("ooid");
  private static final byte[] VALUE = bytes("6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508");
  /** Rows of one fetch of a scan. */
  private static final int CACHING = 1000;

  private interface Call {
    void about(Table table, byte[] key) throws Exception;
  }

  public static void main(String[] arguments) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    try (Connection connection = ConnectionFactory.createConnection(HBaseConfiguration.create())) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        long start = System.nanoTime();
        long rows = carryOut(connection, line.split(" "));
        System.out.printf("= %d %f%n", rows, (System.nanoTime() - start) / 1e9);
      }
    }
  }

  private static long carryOut(Connection connection, String[] words) throws Exception {
    TableName table = TableName.valueOf(words[1]);
    switch (words[0]) {
      case "load":
        return load(connection, table, Long.parseLong(words[2]));
      case "scan":
        return scan(connection, table);
      case "get":
        return repeat(connection, table, words, (handle, key) -> {
          Result result = handle.get(new Get(key));
          if (result.size() != 1) {
            throw new IllegalStateException(result.size() + " cells");
          }
        });
      case "put":
        return repeat(connection, table, words, (handle, key) -> handle.put(put(key)));
      default:
        throw new IllegalArgumentException(words[0]);
    }
  }

  private static long load(Connection connection, TableName table, long rows) throws Exception {
    try (BufferedMutator mutator = connection.getBufferedMutator(table)) {
      for (long row = 0; row < rows; row++) {
        mutator.mutate(put(key(row)));
      }
    }
    return rows;
  }

  private static long scan(Connection connection, TableName table) throws Exception {
    long rows = 0;
    try (Table handle = connection.getTable(table);
        ResultScanner scanner = handle.getScanner(new Scan().setCaching(CACHING))) {
      while (scanner.next() != null) {
        rows++;
      }
    }
    return rows;
  }

  /** Makes calls about random rows from several threads until the time is over. */
  private static long repeat(Connection connection, TableName table, String[] words, Call call)
      throws Exception {
    long rows = Long.parseLong(words[2]);
    int threads = Integer.parseInt(words[3]);
    long end = System.nanoTime() + Long.parseLong(words[4]) * 1_000_000_000L;
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    try {
      List<Future<Long>> counts = new ArrayList<>();
      for (int thread = 0; thread < threads; thread++) {
        counts.add(executor.submit(() -> {
          long calls = 0;
          try (Table handle = connection.getTable(table)) {
            for (; System.nanoTime() < end; calls++) {
              call.about(handle, key(ThreadLocalRandom.current().nextLong(rows)));
            }
          }
          return calls;
        }));
      }
      long calls = 0;
      for (Future<Long> count : counts) {
        calls += count.get();
      }
      return calls;
    } finally {
      executor.shutdownNow();
    }
  }

  private static Put put(byte[] key) {
    return new Put(key).addColumn(FAMILY, QUALIFIER, VALUE);
  }

  private static byte[] key(long row) {
    return bytes(String.format("row-%012d", row));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
