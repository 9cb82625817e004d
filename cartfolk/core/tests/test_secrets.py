"""Secrets: unreadable with another key, signatures that cannot be forged, replayed or guessed."""

from __future__ import annotations

import pytest

from cartfolk.core import secrets


def test_encrypted_values_read_back_with_the_same_key_and_purpose_only():
    token = secrets.encrypt({"key": "ä"}, "one")
    assert secrets.decrypt(memoryview(token), "one") == {"key": "ä"}
    with pytest.raises(secrets.SecretUnreadable):
        secrets.decrypt(token, "two")
    with pytest.raises(secrets.SecretUnreadable):
        secrets.decrypt(token, "one", "mail")


@pytest.mark.parametrize("change", ["id", "time", "body", "late", "early", "none", "letters"])
def test_signature_covers_id_time_and_body(change):
    secret, at, body = secrets.new_webhook_secret(), 1_000_000, b"{}"
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,xx v1a,yy {secrets.sign(secret, 'm', at, body)}",
    }
    assert secrets.verify(secret, headers, body, at + 299) == "m"
    clock = at
    match change:
        case "id":
            headers["webhook-id"] = "n"
        case "time":
            headers["webhook-timestamp"] = str(at + 1)
        case "body":
            body = b"{} "
        case "late":
            clock = at + 301
        case "early":
            clock = at - 301
        case "none":
            del headers["webhook-signature"]
        case "letters":
            headers["webhook-timestamp"] = "¹²³"
    with pytest.raises(secrets.SignatureRefused):
        secrets.verify(secret, headers, body, clock)
