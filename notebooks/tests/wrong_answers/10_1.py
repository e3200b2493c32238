# not yet: expected 101, with another Referer; HTTP 403 came
answer = {
    "Origin": "https://blog.board.example",
    "Referer": "http://localhost/",
    "User-Agent": "Mozilla/5.0",
    "Sec-Fetch-Site": "same-site",
}
