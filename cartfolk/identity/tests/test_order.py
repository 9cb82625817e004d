"""Risk: the same records in another order make other people."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cartfolk.identity.decide import GUEST, OWN, SEEN, Known, Sighting, decide

START = datetime(2026, 1, 1, tzinfo=UTC)
EMAILS = ["a@x.de", "b@x.de", "c@x.de"]


class People:
    """The maps in memory: what the database would hold after each batch."""

    def __init__(self) -> None:
        self.known = Known()
        self.next = 0

    def feed(self, batch: list[Sighting]) -> None:
        decision = decide(batch, self.known)
        real = {}
        for temporary in decision.new_contacts:
            self.next += 1
            real[temporary] = self.next

        def final(contact: int) -> int:
            return decision.merges.get(real.get(contact, contact), real.get(contact, contact))

        k = self.known
        k.accounts = {a: final(c) for a, c in (k.accounts | decision.new_accounts).items()}
        k.emails = {e: o._replace(contact_id=final(o.contact_id)) for e, o in k.emails.items()}
        for claim in decision.claims:
            book = k.emails if claim.kind == "email" else k.phones
            book[claim.value] = claim.owner._replace(contact_id=final(claim.owner.contact_id))
        k.contact_accounts = {}
        for account, contact in k.accounts.items():
            k.contact_accounts.setdefault(contact, set()).add(account)

    def partition(self) -> frozenset[frozenset[object]]:
        groups: dict[int, set[object]] = {}
        for account, contact in self.known.accounts.items():
            groups.setdefault(contact, set()).add(account)
        for email, owner in self.known.emails.items():
            groups.setdefault(owner.contact_id, set()).add(email)
        return frozenset(map(frozenset, groups.values()))


def sighting(account: str | None, email: str | None, strength: int, minute: int) -> Sighting:
    return Sighting(1, START + timedelta(minutes=minute), strength, account, email, email or "")


@st.composite
def sightings(draw: st.DrawFn) -> list[Sighting]:
    made = []
    for minute in range(draw(st.integers(1, 9))):
        account = draw(st.sampled_from([None, "1", "2", "3"]))
        email = draw(st.sampled_from(EMAILS if account is None else [*EMAILS, None]))
        strength = draw(st.sampled_from([SEEN, OWN])) if account else GUEST
        made.append(sighting(account, email, strength, minute))
    return made


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_order_and_batching_ends_in_the_same_people(data: st.DataObject) -> None:
    first = data.draw(sightings())
    second = data.draw(st.permutations(first + first[:2]))
    plain, shuffled = People(), People()
    plain.feed(first)
    cut = data.draw(st.integers(0, len(second)))
    for batch in (second[:cut], second[cut:]):
        shuffled.feed(list(batch))
    assert plain.partition() == shuffled.partition()


def test_a_guest_becomes_the_account_that_claims_the_address() -> None:
    people = People()
    people.feed([sighting(None, "a@x.de", GUEST, 0)])
    people.feed([sighting("1", "a@x.de", OWN, 1)])
    assert people.partition() == {frozenset({(1, "1"), "a@x.de"})}


def test_a_customer_who_changes_address_stays_one_contact_with_two_addresses() -> None:
    people = People()
    people.feed([sighting("1", "a@x.de", OWN, 0)])
    people.feed([sighting("1", "b@x.de", OWN, 1)])
    assert people.partition() == {frozenset({(1, "1"), "a@x.de", "b@x.de"})}


def test_two_accounts_of_one_shop_are_never_merged_by_an_address() -> None:
    people = People()
    people.feed([sighting("1", "a@x.de", OWN, 0), sighting("2", "a@x.de", OWN, 1)])
    assert people.partition() == {frozenset({(1, "1")}), frozenset({(1, "2"), "a@x.de"})}


def test_accounts_of_two_shops_with_the_same_own_address_are_one_person() -> None:
    people = People()
    people.feed([sighting("1", "a@x.de", OWN, 0)])
    people.feed([Sighting(2, START, OWN, "77", "a@x.de", "a@x.de")])
    assert people.partition() == {frozenset({(1, "1"), (2, "77"), "a@x.de"})}


def test_an_address_stays_with_its_account_whoever_else_types_it_later() -> None:
    own, typed, guest = (
        sighting("2", "b@x.de", OWN, 0), sighting("1", "b@x.de", SEEN, 1), sighting(None, "b@x.de", GUEST, 2),
    )  # fmt: skip
    for told in itertools.permutations([own, typed, guest]):
        people = People()
        for one in told:
            people.feed([one])
        assert people.partition() == {frozenset({(1, "1")}), frozenset({(1, "2"), "b@x.de"})}, told


def test_an_address_an_account_orders_with_is_its_own_before_a_guests() -> None:
    for told in itertools.permutations([sighting("1", "g@x.de", SEEN, 0), sighting(None, "g@x.de", GUEST, 1)]):
        people = People()
        for one in told:
            people.feed([one])
        assert people.partition() == {frozenset({(1, "1"), "g@x.de"})}, told
