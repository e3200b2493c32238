answer = ["ana report", "bob pong", "ana pong", "bob report"]
