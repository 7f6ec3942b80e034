"""Superset 6.1 for one machine; `SUPERSET_CONFIG_PATH` names this file.

SUPERSET_SECRET_KEY      signs sessions and encrypts the stored passwords; or …_FILE
SUPERSET_DATABASE_URI    where Superset keeps its own tables; default: SQLite in SUPERSET_HOME
SUPERSET_HOME            Superset's folder
"""
import os
import pathlib


def _secret(name):
    """Returns the variable, or the content of the file that name_FILE names."""
    file = os.environ.get(name + "_FILE")
    value = pathlib.Path(file).read_text(encoding="utf-8").strip() if file else os.environ[name]
    if len(value) < 16:
        raise ValueError(f"{name} has less than 16 characters: `openssl rand -base64 42` makes one")
    return value


_home = os.environ.get("SUPERSET_HOME") or os.path.expanduser("~/.superset")

SECRET_KEY = _secret("SUPERSET_SECRET_KEY")
SQLALCHEMY_DATABASE_URI = os.environ.get(
    "SUPERSET_DATABASE_URI", f"sqlite:///{_home}/superset.db?check_same_thread=false")

# One process: what it counts and keeps may lie in its memory.
RATELIMIT_STORAGE_URI = "memory://"
CACHE_CONFIG = {"CACHE_TYPE": "SimpleCache", "CACHE_DEFAULT_TIMEOUT": 300}
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}  # the tables move all the time: always ask them

# Browsers may reach it by plain HTTP on loopback; behind a TLS proxy set this to 1.
SESSION_COOKIE_SECURE = os.environ.get("SUPERSET_HTTPS") == "1"
SESSION_COOKIE_SAMESITE = "Lax"
TALISMAN_ENABLED = True
ROW_LIMIT = 5000
