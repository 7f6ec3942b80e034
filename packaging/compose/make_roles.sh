#!/bin/sh
# Runs once, when the database is made: two roles without any right beyond their work.
#   sluice   owns the database `books`: ledger, catalog, silver; dbt builds gold as it
#   reader   for Superset and people: sees public and sluice, writes nothing
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" \
  --dbname postgres <<'SQL'
\getenv sluice_password SLUICE_DB_PASSWORD
\getenv reader_password READER_DB_PASSWORD
CREATE ROLE sluice LOGIN PASSWORD :'sluice_password';
CREATE ROLE reader LOGIN PASSWORD :'reader_password';
ALTER ROLE reader SET default_transaction_read_only = on;
CREATE DATABASE books OWNER sluice;
\connect books
REVOKE ALL ON DATABASE books FROM PUBLIC;
GRANT CONNECT ON DATABASE books TO reader;
ALTER SCHEMA public OWNER TO sluice;
SET ROLE sluice;
CREATE SCHEMA sluice;
GRANT USAGE ON SCHEMA public, sluice TO reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA sluice GRANT SELECT ON TABLES TO reader;
SQL
