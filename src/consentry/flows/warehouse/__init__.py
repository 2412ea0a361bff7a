"""Where datasets live: the only rooms that know DuckDB, PostgreSQL as a warehouse, and Parquet."""
