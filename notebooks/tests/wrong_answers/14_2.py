# not yet: expected something else for a newcomer; you have 'at once'
answer = {
    "to all": "at once",
    "to cem": "unavailable",
    "to bob": "at once",
    "a newcomer": "at once",
}
