"""Social media: set by people or the API."""

from __future__ import annotations

from cartfolk.properties.catalogue.model import Property, Type

_EN = "Set by people or through the API; Cartfolk reads no social network."
_DE = "Wird von Hand oder über die Schnittstelle gesetzt; Cartfolk liest kein soziales Netzwerk aus."


def _social(name: str, kind: Type, label_en: str, label_de: str, *, hidden: bool = False) -> Property:
    return Property(
        name=name, group="socialmediainformation", type=kind, whole=kind == "number", hidden=hidden,
        label_en=label_en, label_de=label_de, definition_en=_EN, definition_de=_DE, computed=False,
    )  # fmt: skip


PROPERTIES = (
    _social("hs_social_last_engagement", "datetime", "Most Recent Social Click", "Letzter Klick in sozialen Medien"),
    _social("hs_social_twitter_clicks", "number", "Twitter Clicks", "Klicks auf Twitter"),
    _social("hs_social_facebook_clicks", "number", "Facebook Clicks", "Klicks auf Facebook"),
    _social("hs_social_linkedin_clicks", "number", "LinkedIn Clicks", "Klicks auf LinkedIn"),
    _social("hs_social_google_plus_clicks", "number", "Google Plus Clicks", "Klicks auf Google Plus"),
    _social("hs_social_num_broadcast_clicks", "number", "Broadcast Clicks", "Klicks auf Beiträge"),
    _social("followercount", "number", "Follower Count", "Anzahl der Follower"),
    _social("kloutscoregeneral", "number", "Klout Score", "Klout-Wert"),
    _social("linkedinbio", "text", "LinkedIn Bio", "LinkedIn-Biografie"),
    _social("linkedinconnections", "number", "LinkedIn Connections", "LinkedIn-Kontakte"),
    _social("twitterbio", "text", "Twitter Bio", "Twitter-Biografie"),
    _social("twitterprofilephoto", "url", "Twitter Profile Photo", "Twitter-Profilbild"),
    _social("hs_facebookid", "string", "Facebook ID", "Facebook-ID", hidden=True),
    _social("hs_twitterid", "string", "Twitter ID", "Twitter-ID", hidden=True),
    _social("hs_linkedinid", "string", "LinkedIn ID", "LinkedIn-ID", hidden=True),
    _social("hs_googleplusid", "string", "Google Plus ID", "Google-Plus-ID", hidden=True),
    _social("photo", "url", "Photo", "Foto", hidden=True),
)
