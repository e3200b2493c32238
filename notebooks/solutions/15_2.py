answer = {"taken": [1, 1, 2, 2, 3, 3], "tries": 3, "welcome": 3}
