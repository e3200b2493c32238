answer = {"sends of the loop": 6, "frames of the loop": 3, "frames of one hello": 3}
