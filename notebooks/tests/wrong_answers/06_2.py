# not yet: expected another answer as number 2; you have 'ana pong'
answer = ["ana report", "ana pong", "bob pong", "bob report"]
