def test_each_test_gets_a_migrated_database(conn):
    assert conn.execute("select count(*) from contact").fetchone() == (0,)
