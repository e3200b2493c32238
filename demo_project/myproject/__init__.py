"""The demo project: a presence board that says who is online."""
