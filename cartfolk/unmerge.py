"""Which of two contacts gets which row when a merge is taken back: a pure function over rows.

Three states are known of every row: before the merge (of both contacts), what the merge made of it, and now.
A row nobody touched since goes back to what it was. One that changed or came since goes to the person it names
(docs/decisions/0010): an account's to whoever has the account, a guest's to whoever has the e-mail or phone,
an order's or cart's parts with the order or cart. What names neither stays where it was, else with the kept one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cartfolk.identity import normalise
from cartfolk.identity.snapshot import Key, Row, Rows, Saved

_PEOPLE = {"user", "api", "restore"}  # sources of history a person stands behind
Account = tuple[str | None, str | None]


@dataclass(slots=True)
class Split:
    """Works out the rows of both contacts; ``rows`` has them by table and contact afterwards."""

    kept: int
    gone: int
    by_rule: bool  # a rule had merged them, not a person
    before: Rows
    made: Mapping[str, Mapping[Key, Row | None]]
    now: Rows
    derived: frozenset[str]
    rows: Rows = field(default_factory=dict)
    _accounts: dict[Account, int] = field(default_factory=dict)
    _names: dict[tuple[str, str], int] = field(default_factory=dict)
    _objects: dict[str, int] = field(default_factory=dict)
    _handed: dict[str, int] = field(default_factory=dict)  # e-mails that changed hands between the two since

    def work(self) -> Rows:
        for contact in (self.gone, self.kept):
            for table in {name for name, _ in self.before}:
                self.rows[table, contact] = {}
        tables = sorted({name for name, _ in self.now})
        self._split_accounts()
        self._split("identity", self._named)
        self._names = {
            (str(row["kind"]), str(row["value"])): contact
            for contact in (self.kept, self.gone)
            for row in self.rows["identity", contact].values()
        }
        self._handed = {
            email: contact
            for (kind, email), contact in self._names.items()
            if kind == "email" and (kind, email) in self.before["identity", self.kept + self.gone - contact]
        }
        self._split("reference", self._referenced)
        self._objects = {
            str(row["object_id"]): contact
            for contact in (self.kept, self.gone)
            for row in self.rows["reference", contact].values()
        }
        for table in tables:
            if table in self.derived or table == "contact":
                for contact in (self.kept, self.gone):
                    self.rows[table, contact] = self.before[table, contact]
            elif table not in ("account", "identity", "reference"):
                self._split(table, {"customer": self._customer, "consent_event": self._consent}.get(table, self._other))
        return self.rows

    def _split(self, table: str, owner: Callable[[Row], int | None]) -> None:
        mine, others = self.before[table, self.kept], self.before[table, self.gone]
        made, now = self.made.get(table, {}), self.now[table, self.kept]
        for key in now.keys() | mine.keys() | others.keys():
            was_mine, was_others, is_now = mine.get(key), others.get(key), now.get(key)
            if not key:
                self._one_row(table, was_mine, was_others, made.get(key, was_mine or was_others), is_now)
                continue
            untouched = is_now == made[key] if key in made else is_now is not None and is_now in (was_mine, was_others)
            if table == "identity" and self.by_rule and was_others and is_now:
                untouched = True  # the claim that made the rule merge them is what the person takes back
            if untouched and was_mine and was_others:
                self._put(table, self.kept, key, was_mine)
                self._put(table, self.gone, key, was_others)
            elif untouched and (was_mine or was_others):
                row = was_mine or was_others
                former = self.kept if was_mine else self.gone
                named = self._objects.get(_object(row)) or self._handed.get((row or {}).get("guest") or "")
                self._put(table, named or former, key, row)
            elif is_now is not None and not untouched and not self._recomputed(table, key, is_now):
                former = self.gone if was_others and not was_mine else self.kept
                self._put(table, owner(is_now) or former, key, is_now)

    def _put(self, table: str, contact: int, key: Key, row: Row | None) -> None:
        if row is not None:
            self.rows[table, contact][key] = row

    def _one_row(self, table: str, mine: Row | None, others: Row | None, made: Row | None, now: Row | None) -> None:
        """A contact's only row in a table, value by value: what was written since stays with the kept one."""
        if others:
            self.rows[table, self.gone][()] = others
        if now is None:
            return
        empty: Row = dict.fromkeys(now)
        then, merged = mine or empty, made or empty
        row = {name: then.get(name) if value == merged.get(name) else value for name, value in now.items()}
        if table == "contact_segment" and now["segments"] != merged["segments"]:
            # One by one: whoever joined another segment since does not stay in what the merge brought.
            had, got, has = (_members(one["segments"]) for one in (then, merged, now))
            left = sorted((has - (got - had)) | (had - got))
            row["segments"] = f"{{{','.join(map(str, left))}}}"
        if mine or row != empty:
            self.rows[table, self.kept][()] = row

    def _recomputed(self, table: str, key: Key, row: Row) -> bool:
        """History of the merged person's computed values: both are computed anew."""
        if table != "property_history" or key in self.before[table, self.kept] or key in self.before[table, self.gone]:
            return False
        return not row.get("by") and row["source"] not in _PEOPLE

    def _split_accounts(self) -> None:
        for contact in (self.kept, self.gone):
            for row in self.before["account", contact].values():
                self._accounts[row["store_id"], row["external_id"]] = contact
        for row in self.now["account", self.kept].values():
            account = row["store_id"], row["external_id"]
            if account not in self._accounts:
                self._accounts[account] = self._newcomer(account)
        for key, row in self.now["account", self.kept].items():
            self._put("account", self._accounts[row["store_id"], row["external_id"]], key, row)

    def _newcomer(self, account: Account) -> int:
        """An account that came since: whose addresses does it claim?"""
        claimed = [k for k, r in self.now["identity", self.kept].items() if (r["store_id"], r["account"]) == account]
        others = [key for key in claimed if key in self.before["identity", self.gone]]
        return self.gone if others and len(others) == len(claimed) else self.kept

    def _named(self, row: Row) -> int | None:
        return self._accounts.get((row["store_id"], row["account"])) if row["account"] else None

    def _by_name(self, email: str | None, phone: str | None) -> int | None:
        address, number = normalise.email(email), normalise.phone(phone)
        return (self._names.get(("email", address)) if address else None) or (
            self._names.get(("phone", number)) if number and not address else None
        )

    def _referenced(self, row: Row) -> int | None:
        if row["kind"] == "customer":
            return self._accounts.get((row["store_id"], row["external_id"]))
        if row["guest"]:
            return self._names.get(("email", row["guest"]))
        table = "orders" if row["kind"] == "order" else "cart"
        fact = self.now[table, self.kept].get((row["object_id"],), {})
        account = fact.get("customer_id")
        if row["kind"] == "cart":  # an order that came from it may have claimed it
            for order in self.now["orders", self.kept].values():
                claim = order["store_id"], order["cart_token"], order["placed_at"]
                if claim == (row["store_id"], row["external_id"], row["version"]):
                    account = order["customer_id"] or account
        account = account or (f"order:{row['external_id']}" if row["kind"] == "order" else None)
        return self._accounts.get((row["store_id"], account)) or self._by_name(None, fact.get("phone"))

    def _customer(self, row: Row) -> int | None:
        return self._accounts.get((row["store_id"], row["external_id"])) or self._by_name(row["email"], row["phone"])

    def _consent(self, row: Row) -> int | None:
        named = self._by_name(row["guest"] or row["email"], None)
        having = {contact for (store, _), contact in self._accounts.items() if store == row["store_id"]}
        return named or (having.pop() if len(having) == 1 else None)

    def _other(self, row: Row) -> int | None:
        return self._objects.get(_object(row))


def split(kept: int, gone: int, by_rule: bool, saved: Saved, now: Rows, derived: frozenset[str]) -> Rows:
    """The rows of ``kept`` and ``gone`` after the merge of the two is taken back; ``now`` are the kept one's."""
    return Split(kept, gone, by_rule, saved.before, saved.made, now, derived).work()


def _members(array: str | None) -> set[int]:
    """The numbers in PostgreSQL's text of an array."""
    return {int(number) for number in (array or "{}").strip("{}").split(",") if number}


def _object(row: Row | None) -> str:
    """Our number of the order or cart this row is or belongs to; empty = none."""
    return str((row or {}).get("order_id") or (row or {}).get("cart_id") or "")
