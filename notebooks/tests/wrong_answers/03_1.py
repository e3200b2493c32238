# not yet: expected a line for each event, 4 in all; you have 3
answer = ["websocket connecting", "{'n': 1}", "{'n': 2}"]
