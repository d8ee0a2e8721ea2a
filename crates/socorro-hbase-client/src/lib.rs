//! Socorro's crash storage on Apache HBase.
