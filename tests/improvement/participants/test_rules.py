import pytest

from services.improvement.participants import rules
from shared.auth import Principal, Role
from shared.problems import Forbidden


def staff(subject: str) -> Principal:
    return Principal(subject, subject, frozenset({Role.ENGINEER}))


def of_customer(customer: str | None) -> Principal:
    return Principal("kim", "Kim", frozenset({Role.CUSTOMER}), customer=customer)


class TestRequireVoice:
    """R173: who speaks for a participant."""

    def test_each_for_themselves(self) -> None:
        rules.require_voice(staff("eva"), "eva", None, None)
        rules.require_voice(of_customer("bank"), "kim", "bank", None)

    def test_anybody_of_the_customer_for_the_customer(self) -> None:
        rules.require_voice(of_customer("bank"), "lee", "bank", None)

    def test_staff_record_an_answer_with_its_document(self) -> None:
        rules.require_voice(staff("eva"), "kim", "bank", "letter of 3 March")
        with pytest.raises(rules.EvidenceNeeded, match="document"):
            rules.require_voice(staff("eva"), "kim", "bank", None)

    def test_a_customer_speaks_for_nobody_else(self) -> None:
        for customer in (None, "harbour"):
            with pytest.raises(Forbidden, match="speaks for the customer"):
                rules.require_voice(of_customer("bank"), "eva", customer, "a letter")

    def test_staff_of_the_same_name_are_not_the_customers_person(self) -> None:
        assert not rules.speaks_for(staff("kim"), "kim", "bank")


class TestIsAgreed:
    """R173: on this very cause."""

    def test_word_for_word(self) -> None:
        assert rules.is_agreed("no evening shift", [None, "no evening shift"])
        assert not rules.is_agreed("no night shift", ["no evening shift"])
        assert not rules.is_agreed(None, [None])
