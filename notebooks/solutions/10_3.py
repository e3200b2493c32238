answer = 10
