answer = {
    "to all": "at once",
    "to cem": "unavailable",
    "to bob": "at once",
    "a newcomer": "unavailable",
}
