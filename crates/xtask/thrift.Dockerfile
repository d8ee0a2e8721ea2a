# The Thrift compiler whose output is committed, for hosts whose own is another release.
FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends thrift-compiler \
 && rm -rf /var/lib/apt/lists/*
