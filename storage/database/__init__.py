"""One database: engine, transactions, migrations, leases, jobs, and purging of its files."""
