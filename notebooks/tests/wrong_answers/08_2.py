# not yet: expected bob to hear less when two of them close; you have ['left', 'left']
answer = {
    "three tabs open": ["joined"],
    "two of them close": ["left", "left"],
    "the last one closes": ["left"],
}
