# not yet: expected the test to be red where cem can read what is for bob; it is green
import pytest
import tabs

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_whisper_to_bob_is_not_for_cem():
    async with (
        tabs.open_tab("ana") as ana,
        tabs.open_tab("bob") as bob,
        tabs.open_tab("cem") as cem,
    ):
        await ana.send_json_to({"type": "message", "text": "psst", "to": "bob"})
        while (await bob.receive_json_from()).get("text") != "psst":
            pass  # now bob has it
        assert "psst" not in await tabs.heard(cem)  # it has "message psst"
