# not yet: expected something else for taken; you have [1, 3, 2, 2, 3, 5]
answer = {"taken": [1, 3, 2, 2, 3, 5], "tries": 3, "welcome": 5}
