"""A PostgreSQL of its own for gold's tests; ends, without a trace, at the end of stdin.

Run by a Python with psycopg2. Says {"conninfo": …, "folder": …} when ready. Then takes statements,
one JSON string a line, and answers each with its rows as text or with {"error": …}. {"stop": true}
and {"start": true} end and restart the server; {"fill": FILE.csv} makes public.books_silver anew,
as the warehouse sink leaves it.
"""
import csv
import glob
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing

import psycopg2
from psycopg2.extras import execute_values

SILVER = """
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
CREATE TABLE books_silver (
    book_title text, authors text, original_language text, first_published_year int,
    sales_millions double precision, genre text, ingested_at timestamptz, _timestamp timestamptz,
    _log int NOT NULL, _partition int NOT NULL, _offset bigint NOT NULL,
    PRIMARY KEY (book_title, authors));
"""

class Server:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="sluice-gold-")
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.process = None
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        data = os.path.join(self.folder, "data")
        subprocess.run([f"{self.bin}/initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8",
                        "--no-locale", "--no-sync", "-D", data],
                       check=True, stdout=subprocess.DEVNULL, **self._as_owner())
        rules = os.path.join(data, "pg_hba.conf")
        with open(rules, encoding="utf-8") as file:
            trusting = file.read()
        with open(rules, "w", encoding="utf-8") as file:
            file.write("local all locked scram-sha-256\n" + trusting)

    def _as_owner(self):
        user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        return {"cwd": "/", **(user if os.getuid() == 0 else {})}

    def conninfo(self):
        return f"host={self.folder} user=postgres dbname=postgres"

    def start(self):
        self.process = subprocess.Popen(
            [f"{self.bin}/postgres", "-D", f"{self.folder}/data", "-c", "listen_addresses=",
             "-c", f"unix_socket_directories={self.folder}", "-c", "fsync=off"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self._as_owner())
        for _ in range(600):
            try:
                psycopg2.connect(self.conninfo()).close()
                return
            except psycopg2.OperationalError:
                time.sleep(0.05)
        raise RuntimeError("the server does not start")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:  # a client is still there
            self.process.send_signal(signal.SIGINT)
            self.process.wait(10)

    def fill(self, path):
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = [[cell.strip() or None for cell in row] + [offset]
                    for offset, row in enumerate(list(csv.reader(file))[1:])]
        with closing(psycopg2.connect(self.conninfo())) as connection:
            cursor = connection.cursor()
            cursor.execute(SILVER)
            execute_values(cursor, "INSERT INTO books_silver VALUES %s", rows,
                           "(%s, %s, %s, %s, %s, %s, now(), now(), 1, 0, %s)")
            connection.commit()
        return []

    def query(self, sql):
        with closing(psycopg2.connect(self.conninfo())) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(sql)
            rows = cursor.fetchall() if cursor.description else []
        return [[None if value is None else str(value) for value in row] for row in rows]


def answer(server, request):
    try:
        if isinstance(request, str):
            return server.query(request)
        if "fill" in request:
            return server.fill(request["fill"])
        server.stop() if "stop" in request else server.start()
        return []
    except psycopg2.Error as error:
        return {"error": str(error)}


def main():
    server = Server()
    try:
        server.start()
        print(json.dumps({"conninfo": server.conninfo(), "folder": server.folder}), flush=True)
        for line in sys.stdin:
            print(json.dumps(answer(server, json.loads(line))), flush=True)
    finally:
        if server.process and server.process.poll() is None:
            server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


main()
