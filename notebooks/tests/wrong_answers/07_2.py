# not yet: expected more sends of the loop; you have 3
answer = {"sends of the loop": 3, "frames of the loop": 3, "frames of one hello": 3}
