"""Who is online: one row per open connection, and the messages between them."""
