import pytest
from cryptography.fernet import InvalidToken
from hypothesis import given
from hypothesis import strategies as st

from shared.sealing import Sealer

KEY = "k" * 32


class TestSealer:
    @given(st.text(st.characters(exclude_categories=["Cs"])))
    def test_gives_the_secret_back(self, secret: str) -> None:
        sealer = Sealer(KEY)
        assert sealer.unseal(sealer.seal(secret)) == secret

    def test_shows_nothing_of_it_and_never_looks_the_same(self) -> None:
        sealed = {Sealer(KEY).seal("whsec_abc") for _ in range(3)}
        assert len(sealed) == 3
        assert not any("whsec" in one for one in sealed)

    def test_another_key_does_not_open_it(self) -> None:
        with pytest.raises(InvalidToken):
            Sealer("o" * 32).unseal(Sealer(KEY).seal("secret"))

    def test_a_changed_byte_is_noticed(self) -> None:
        sealed = Sealer(KEY).seal("secret")
        changed = sealed[:20] + ("A" if sealed[20] != "A" else "B") + sealed[21:]
        with pytest.raises(InvalidToken):
            Sealer(KEY).unseal(changed)
