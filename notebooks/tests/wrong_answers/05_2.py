# not yet: expected the codes that the two sides note when the server restarts; you have
answer = {
    "bob closes with 4100": (1000, 4100),
    "bob loses the network": (1006, 1006),
    "the server restarts": (1006, 1006),
}
