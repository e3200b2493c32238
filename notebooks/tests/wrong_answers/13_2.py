# not yet: expected more frames made; you have 10
answer = {"encodings": 10, "hops to a thread": 0, "frames made": 10}
