answer = {
    "Origin": "http://localhost",
    "Referer": "https://blog.board.example/cats/",
    "User-Agent": "Mozilla/5.0",
    "Sec-Fetch-Site": "same-site",
}
