answer = {
    "three tabs open": ["joined"],
    "two of them close": [],
    "the last one closes": ["left"],
}
