# not yet: expected {'type': 'roll', 'sides': 0} to be answered with type 'error'
import json
import random


def answer(text):
    try:
        event = json.loads(text or "")
    except (ValueError, RecursionError) as error:
        return {"type": "error", "detail": f"expected JSON text: {error}"}
    match event:
        case {"type": "message", "text": str(said)}:
            return {"type": "message", "text": said}
        case {"type": "roll", "sides": int(sides)}:
            return {"type": "rolled", "value": random.randint(1, sides)}
        case _:
            return {"type": "error", "detail": f"expected a message or a roll, got {text[:60]}"}
