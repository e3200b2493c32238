"""The Django tests; those in test_live_*.py talk to real server processes."""
