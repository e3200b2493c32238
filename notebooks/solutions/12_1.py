import pytest
import tabs

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_second_tab_is_not_a_second_user():
    async with tabs.open_tab("bob") as bob, tabs.open_tab("ana"):
        async with tabs.open_tab("ana"):
            pass
        assert await tabs.heard(bob) == ["state", "joined ana"]
