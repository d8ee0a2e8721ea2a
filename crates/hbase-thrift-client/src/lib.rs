//! A client for Apache HBase's Thrift gateways.
