//! Examples and tests of the async client (`hbase_thrift_client::aio`): they need runtimes, and the client's own
//! tree has none unless its user asks for one.
