"""Fixtures for pytest: a server for all tests of a run, and a connection to it for each.

A test that wants tables to begin with overrides `mini_hbase_seed` in its module or its conftest.
"""

import pytest

from . import MiniHBase


@pytest.fixture(scope="session")
def mini_hbase_seed():
    """What the server begins with, as lines of JSON; nothing by default."""
    return None


@pytest.fixture(scope="session")
def mini_hbase_server(mini_hbase_seed):
    """One server for all tests of a run."""
    with MiniHBase(seed=mini_hbase_seed) as server:
        yield server


@pytest.fixture
def mini_hbase(mini_hbase_server):
    """The server, as it was at its start."""
    mini_hbase_server.reset()
    return mini_hbase_server


@pytest.fixture
def hbase(mini_hbase):
    """A happybase connection to a server with the seeds and nothing else."""
    import happybase

    connection = happybase.Connection(mini_hbase.host, mini_hbase.port)
    yield connection
    connection.close()
