# not yet: expected the first who says no to dora; you have 'route'
answer = {"ana": "open", "bob": "route", "cem": "origin", "dora": "route", "eli": "open"}
