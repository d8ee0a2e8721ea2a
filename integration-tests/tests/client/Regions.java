// Splits the regions of a table and moves them between servers, for the tests in regions.rs, which
// start it inside of HBase's container: the Thrift 1 interface can do neither.
//
// It starts a region server of its own, which gets no region but those that it moves there: other
// tests' tables are none of its business, and stay where they are when it ends.

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hbase.HBaseConfiguration;
import org.apache.hadoop.hbase.ServerName;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.Admin;
import org.apache.hadoop.hbase.client.ColumnFamilyDescriptorBuilder;
import org.apache.hadoop.hbase.client.Connection;
import org.apache.hadoop.hbase.client.ConnectionFactory;
import org.apache.hadoop.hbase.client.Get;
import org.apache.hadoop.hbase.client.RegionInfo;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.client.TableDescriptor;
import org.apache.hadoop.hbase.client.TableDescriptorBuilder;
import org.apache.hadoop.hbase.regionserver.HRegionServer;
import org.apache.hadoop.hbase.util.Bytes;

public class Regions {
  private static final long PATIENCE_SECONDS = 100;

  /**
   * Takes a table's name, the row that lets splits and moves begin, the table's first borders, and
   * where to split its regions then; keys are separated by commas.
   */
  public static void main(String[] arguments) throws Exception {
    TableName name = TableName.valueOf(arguments[0]);
    byte[] signal = Bytes.toBytes(arguments[1]);
    byte[][] borders = keys(arguments[2]);
    Configuration configuration = HBaseConfiguration.create();
    configuration.setInt("hbase.regionserver.port", 0);
    try (Connection connection = ConnectionFactory.createConnection(configuration);
        Admin admin = connection.getAdmin()) {
      TableDescriptor descriptor = TableDescriptorBuilder.newBuilder(name)
          .setColumnFamily(ColumnFamilyDescriptorBuilder.of("f")).build();
      admin.createTable(descriptor, borders);
      say("created");
      HRegionServer server = new HRegionServer(configuration);
      Thread thread = new Thread(server, "second-region-server");
      thread.start();
      server.waitForServerOnline();
      ServerName here = server.getServerName();
      ServerName there = others(admin, here);
      admin.decommissionRegionServers(List.of(here), false);
      say("second region server " + here);
      await(connection, name, signal);
      for (RegionInfo region : admin.getRegions(name)) {
        move(admin, region, here);
      }
      for (byte[] key : keys(arguments[3])) {
        RegionInfo region = regionOf(connection, name, key);
        admin.splitRegionAsync(region.getRegionName(), key).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        say("split at " + Bytes.toStringBinary(key));
          move(admin, regionOf(connection, name, key), there);
      }
      for (RegionInfo region : admin.getRegions(name)) {
        move(admin, region, there);
      }
      say(admin.getRegions(name).size() + " regions");
      server.stop("the test is over");
      thread.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
    }
    say("done");
    System.exit(0);
  }

  private static byte[][] keys(String text) {
    return Arrays.stream(text.split(",")).map(Bytes::toBytes).toArray(byte[][]::new);
  }

  private static ServerName others(Admin admin, ServerName here) throws Exception {
    for (ServerName server : admin.getRegionServers()) {
      if (!server.equals(here)) {
        return server;
      }
    }
    throw new IllegalStateException("there is no other region server");
  }

  private static void await(Connection connection, TableName name, byte[] row) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    try (Table table = connection.getTable(name)) {
      while (!table.exists(new Get(row))) {
        if (System.nanoTime() > end) {
          throw new IllegalStateException("the row that starts the moves didn't come");
        }
        Thread.sleep(50);
      }
    }
  }

  private static RegionInfo regionOf(Connection connection, TableName name, byte[] key)
      throws Exception {
    return connection.getRegionLocator(name).getRegionLocation(key, true).getRegion();
  }

  private static void move(Admin admin, RegionInfo region, ServerName server) throws Exception {
    admin.move(region.getEncodedNameAsBytes(), server);
    say("moved " + region.getRegionNameAsString() + " to " + server);
  }

  private static void say(String text) {
    System.out.println("regions: " + text);
  }
}
