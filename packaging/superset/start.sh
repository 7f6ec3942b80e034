#!/bin/sh
# Starts Superset on port 8088 after bringing its tables up to date. Needs SUPERSET_SECRET_KEY and
# ADMIN_PASSWORD, or each with _FILE (superset_config.py and prepare.py say more).
set -eu
here=$(dirname "$0")
python "$here/prepare.py"
exec gunicorn --workers 1 --worker-class gthread --threads 8 --timeout 120 \
  --bind "${SUPERSET_BIND:-0.0.0.0:8088}" 'superset.app:create_app()'
