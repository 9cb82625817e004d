"""What the connectors say, in the reader's language.

Connectors know neither Django nor the reader: they answer in English sentences. Every sentence a shop owner may meet
stands once as a pattern, translated like any other text: here those any connector may say, in a connector's own
``info.sentences`` those of its platform. One that is not known stays as it was said.
"""

from __future__ import annotations

import re
from functools import cache

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _n

from cartfolk.connectors import registry
from cartfolk.contact_files.jobs import GONE

from .words import STREAMS, say

SENTENCES = (
    GONE,
    # connecting and reaching the shop
    _n("%(text)s is no address of a shop; write it like https://shop.example."),
    _n("leave user name and password out of the address; keys have their own fields."),
    _n("use 1 to 80 lower-case letters, digits, - and _, beginning with a letter or digit."),
    _n("%(name)s is already the store %(store)s, another shop. Choose another name or disconnect that store first."),
    _n("No server is known under the name %(host)s. Check the spelling of the shop's address."),
    _n(
        "%(host)s is an address inside a private network. If the shop really is in your own network, "
        "allow private addresses for this store."
    ),
    _n("The shop's address must begin with https:// and name a server."),
    _n("%(host)s cannot be reached. Check the address, and that the shop is online."),
    _n("The certificate of %(host)s is not valid, so nobody can tell whether this is your shop. Renew it."),
    _n("%(host)s sends us in circles. Check the shop's redirects."),
    _n(
        "%(host)s sends us to %(address)s. If that is your shop, connect it under that address: credentials are "
        "never sent on to another server."
    ),
    _n(
        "%(host)s sends us from https to plain http, where anybody could read the keys. "
        "Switch https on for the whole shop."
    ),
    _n("%(host)s sends us to another port. Connect the shop under that address."),
    _n("%(host)s redirects what we send. Enter the address it redirects to."),
    _n("%(host)s did not answer within %(seconds)s seconds."),
    _n("The connection to %(host)s broke off."),
    _n("%(host)s asks us to slow down; we do."),
    _n("%(host)s is in maintenance or overloaded (503); we come back."),
    _n("%(host)s reports an error of its own (%(status)s); we try again."),
    _n(
        "%(host)s answered with a web page instead of data (%(status)s): a firewall, a bot check or a maintenance "
        "page. If this stays, allow this server's address in the shop's firewall."
    ),
    _n("%(host)s answered with something that is not JSON."),
    _n(
        "Another shop answers at %(address)s: it says it is %(found)s, but %(wanted)s was connected. If the shop has "
        "moved, connect the new address; if this is a copy, restore the right address."
    ),
    _n(
        "Another shop sends with this store's secret: it says it is %(site)s, but %(own)s was connected. What it sends "
        "is kept and not applied until you say whether the shop has moved or this is a copy."
    ),
    # an owner's own exchange rates
    _n("Write the rate as a number above 0, such as 0.9174 or 0,9174."),
    _n("Write the currency's code of three letters, such as USD."),
    _n("That is the store's home currency: its orders need no rate."),
    # the app a shop installs
    _n("The shop has to install the app: download it on this page. Everything else happens by itself."),
    _n("The app is installed. Switch it on in the shop if it is not yet: Cartfolk looks every minute."),
    _n("The app was removed in the shop, and its keys with it. To go on, install it again: it is on this page."),
    _n("The app was switched off in the shop. Switch it on there, and Cartfolk goes on."),
    _n("The shop installed the app."),
    _n("The shop installed the app again: keys and secret are new."),
    _n("The app was installed again, and the shop has a new number: keys and secret are new."),
    _n(
        "This app was made for %(wanted)s, but the shop says it is %(address)s. If the shop has moved, connect the "
        "store in Cartfolk under the new address first; for another shop make a store of its own there."
    ),
    # what the check of the keys found
    _n("The shop answers."),
    _n("The shop answers, and moves to https: connect it with https://."),
    _n("The key may read %(what)s: %(count)s."),
    _n("The key may create webhooks: changes arrive within seconds."),
    # webhooks
    _n("%(active)s of %(expected)s webhooks are active."),
    _n("%(active)s of %(expected)s webhooks are active. %(topic)s: %(problem)s"),
    _n("The shop keeps its webhooks to %(address)s; delete them there. (%(problem)s)"),
    # records in quarantine
    _n("%(field)s is not an amount but %(value)s."),
    _n("%(field)s is not a time but %(value)s."),
    _n("%(field)s is missing or not an id: %(value)s."),
    _n("%(field)s is not a list of objects."),
    _n("This is not an object."),
    _n("status is missing: the order cannot be judged."),
    _n("currency is not a code of three letters but %(value)s."),
    _n("total is missing: the order has no value."),
    _n("The shop cannot show this object: open and save it there, then retry."),
)


def said(sentence: str) -> str:
    """The sentence in the reader's language; unchanged when it is not one of ``SENTENCES``."""
    if (get_language() or "en").startswith("en"):
        return sentence
    if not (known := match(sentence)):
        return sentence
    message, values = known
    if "problem" in values:
        values["problem"] = said(values["problem"])
    if "what" in values:
        values["what"] = say(STREAMS, values["what"])
    return gettext(message) % values


def match(sentence: str) -> tuple[str, dict[str, str]] | None:
    """The known message that the sentence is, with what stands in its places."""
    for message, pattern in _patterns():
        if found := pattern.fullmatch(sentence):
            return message, found.groupdict()
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    def pattern(message: str) -> re.Pattern[str]:
        parts = re.split(r"%\((\w+)\)s", message)
        # Odd parts are the names of the places.
        return re.compile(
            "".join(f"(?P<{part}>.+?)" if number % 2 else re.escape(part) for number, part in enumerate(parts)),
            re.DOTALL,
        )

    own = [sentence for connector in registry.all() for sentence in connector.info.sentences]
    return tuple((message, pattern(message)) for message in (*own, *SENTENCES))
