answer = {
    "bob closes with 4100": (1000, 4100),
    "bob loses the network": (1006, 1006),
    "the server restarts": (1006, None),  # daphne goes, and disconnect() does not run
}
