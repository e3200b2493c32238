answer = {
    "ana": "open",
    "bob": "route",  # whoami/ and no room: no route of yours matches
    "cem": "origin",
    "dora": "origin",  # the validator stands outside, so no route is looked at
    "eli": "open",  # the host is compared, not the port
}
