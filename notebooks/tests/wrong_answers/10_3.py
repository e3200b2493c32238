# not yet: expected all 12 messages of a page to arrive; some did not
answer = 1
