answer = {"encodings": 10, "hops to a thread": 0, "frames made": 300}
