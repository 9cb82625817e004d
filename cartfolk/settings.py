"""Every setting, typed, from the environment: ``X``, or ``X_FILE`` for a file that holds the value."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict


def text(name: str, default: str = "") -> str:
    """The setting ``name``, from the environment or from the file that ``name_FILE`` points to."""
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text(encoding="utf-8").strip()
    return os.environ.get(name, default)


def flag(name: str, default: bool = False) -> bool:
    value = text(name, "1" if default else "0").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"", "0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; say 1 or 0.")


def integer(name: str, default: int) -> int:
    value = text(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}; it takes a whole number.") from None


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def database(url: str) -> dict[str, object]:
    """Django's DATABASES entry for a postgresql:// address (a unix socket folder may be the ``host`` query)."""
    if not url:
        # Commands set DATABASE_URL before Django starts; without one only commands that need no database work.
        return {"ENGINE": "django.db.backends.postgresql", "NAME": "cartfolk"}
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured("DATABASE_URL must begin with postgresql://; Cartfolk runs on PostgreSQL only.")
    try:
        options = conninfo_to_dict(url)
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {error}") from None
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": options.pop("dbname", "cartfolk"),
        "USER": options.pop("user", ""),
        "PASSWORD": options.pop("password", ""),
        "HOST": options.pop("host", ""),
        "PORT": options.pop("port", ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def secret_key(data: Path) -> str:
    """CARTFOLK_SECRET_KEY, or one made once and kept in the data folder (0600)."""
    if given := text("CARTFOLK_SECRET_KEY"):
        return given
    path = data / "secret_key"
    if not path.exists():
        data.mkdir(mode=0o700, parents=True, exist_ok=True)  # secrets and contacts: its owner only
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(50))
        except FileExistsError:
            pass  # another process of ours was first
    return path.read_text(encoding="utf-8").strip()


BASE_DIR = Path(__file__).resolve().parent
DATA_DIR = Path(text("CARTFOLK_DATA", "data")).resolve()
DATABASE_URL = text("DATABASE_URL")
PUBLIC_URL = text("CARTFOLK_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
SECRET_KEY = secret_key(DATA_DIR)
DEBUG = flag("CARTFOLK_DEBUG")
ALLOWED_HOSTS = words("CARTFOLK_ALLOWED_HOSTS", "*")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
WORKERS = integer("CARTFOLK_WORKERS", 2)  # drain processes of `cartfolk worker`
WEB_PROCESSES = integer("CARTFOLK_WEB_PROCESSES", 2)
POLL_SECONDS = integer("CARTFOLK_POLL_SECONDS", 300)
RAW_DAYS = integer("CARTFOLK_RAW_DAYS", 30)  # handled raw deliveries can be replayed that long
ANONYMOUS_DAYS = integer("CARTFOLK_ANONYMOUS_DAYS", 90)  # carts nobody can be named for are kept that long

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "procrastinate.contrib.django",
    "cartfolk.audit",
    "cartfolk.stores",
    "cartfolk.inbox",
    "cartfolk.identity",
    "cartfolk.commerce",
    "cartfolk.properties",
    "cartfolk.segments",
    "cartfolk.web",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "cartfolk.web.presence.Noticed",
    "cartfolk.web.middleware.ContentSecurityPolicy",
]

ROOT_URLCONF = "cartfolk.urls"
WSGI_APPLICATION = "cartfolk.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cartfolk.web.context.navigation",
            ]
        },
    }
]

DATABASES = {"default": database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LOGIN_URL = "web:sign-in"
LOGIN_REDIRECT_URL = "web:home"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale", *sorted((BASE_DIR / "connectors").glob("*/locale"))]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # no collect step: the files come out of the package

DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000  # the builder of segments sends up to a dozen for each of 250 conditions
SESSION_ENGINE = "cartfolk.web.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if flag("CARTFOLK_BEHIND_PROXY") else None
CSRF_FAILURE_VIEW = "cartfolk.web.views.errors.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": text("CARTFOLK_LOG_LEVEL", "WARNING")},
}
