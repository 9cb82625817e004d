"""Signing in with a second step, invitations, one's own account, people, API tokens."""

from __future__ import annotations

from django.urls import URLPattern, path

from ..views import account, people, profile, tokens

urlpatterns: list[URLPattern] = [
    path("sign-in/code", account.sign_in_code, name="sign-in-code"),
    path("invitation/<str:token>", account.invitation, name="invitation"),
    path("settings/account", profile.account, name="account"),
    path("settings/account/profile", profile.profile, name="account-profile"),
    path("settings/account/password", profile.password, name="account-password"),
    path("settings/account/two-factor", profile.account_two_factor, name="account-two-factor"),
    path("settings/account/two-factor/off", profile.account_two_factor_off, name="account-two-factor-off"),
    path("settings/account/recovery-codes", profile.account_codes, name="account-codes"),
    path("settings/account/sessions", profile.account_sessions, name="account-sessions"),
    path("settings/people", people.people, name="people"),
    path("settings/people/invite", people.people_invite, name="people-invite"),
    path("settings/people/two-factor", people.people_two_factor, name="people-two-factor"),
    path("settings/people/invitations/<int:invitation_id>", people.people_invitation, name="people-invitation"),
    path("settings/people/<int:user_id>", people.people_change, name="people-change"),
    path("settings/tokens", tokens.tokens, name="tokens"),
    path("settings/tokens/<int:token_id>/revoke", tokens.tokens_revoke, name="tokens-revoke"),
]
