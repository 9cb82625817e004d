"""The account in the shop and the consent given there."""

from __future__ import annotations

from cartfolk.properties.catalogue.model import YES_NO, Option, Property

PROPERTIES = (
    Property(
        name="customer_group", group="customer_group", type="string", multi=True, block="customer",
        label_en="Customer Group / User Role", label_de="Kundengruppe / Benutzerrolle",
        definition_en="Groups or roles of all the contact's shop accounts; guest for someone who bought without one.",
        definition_de="Gruppen oder Rollen aller Shopkonten des Kontakts; guest, wenn ohne Konto gekauft wurde.",
    ),
    Property(
        name="newsletter_subscription", group="customer_group", type="enumeration", options=YES_NO,
        block="customer", label_en="Accepts Marketing", label_de="Newsletter erlaubt",
        definition_en="Yes with a grant for marketing by e-mail in the consent ledger; no after a withdrawal, which "
        "only a later grant by the person lifts, never an import or a sync. Empty when nothing is known.",
        definition_de="Ja bei erteilter Einwilligung in E-Mail-Werbung; nein nach einem Widerruf, den nur eine "
        "spätere Einwilligung der Person aufhebt, nie ein Import oder Abgleich. Leer, wenn nichts bekannt ist.",
    ),
    Property(
        name="marketing_newsletter", group="customer_group", type="enumeration", multi=True, block="customer",
        options=(
            Option("checkout", "Checkout", "Kasse"),
            Option("registration", "Registration", "Registrierung"),
            Option("other", "Elsewhere", "Anderswo"),
        ),
        label_en="Marketing Newsletter", label_de="Newsletter: Ort der Einwilligung",
        definition_en="Where the consent that is valid now was given. Empty without consent.",
        definition_de="Wo die jetzt gültige Einwilligung erteilt wurde. Leer ohne Einwilligung.",
    ),
    Property(
        name="shopping_cart_customer_id", group="customer_group", type="string", block="customer",
        label_en="Shopping Cart ID", label_de="Kundennummer im Shop",
        definition_en="The shop's id of the most recently changed account. Text, as not every shop numbers its "
        "accounts. Empty for guests.",
        definition_de="Nummer des zuletzt geänderten Kontos im Shop. Text, denn nicht jeder Shop nummeriert seine "
        "Konten. Leer bei Gästen.",
    ),
    Property(
        name="customer_source_store", group="customer_group", type="string", block="customer",
        label_en="Customer Source Store", label_de="Herkunftsshop",
        definition_en="Store of the most recently changed account; for guests of the newest order, else of the "
        "newest cart.",
        definition_de="Shop des zuletzt geänderten Kontos; bei Gästen der neuesten Bestellung, sonst des neuesten "
        "Warenkorbs.",
    ),
)  # fmt: skip
