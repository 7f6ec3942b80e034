"""A proxy on loopback that breaks what passes, between two programs, as it is told while it runs.

    proxy = FaultProxy(("127.0.0.1", 5432))     # or a Unix socket's path
    proxy.delay = 0.5; proxy.rate = 10_000      # seconds a piece, bytes a second
    proxy.swallow = {"up"}                      # black hole towards the server, or "down", or both
    proxy.refuse = True                         # new connections are closed at once
    proxy.cut_after = 4096                      # each connection dies after so many bytes
    proxy.cut()                                 # all die now
    proxy.heal()                                # no more faults

`up` is from client to server. What the protocol says can be broken too: PostgresProxy, HttpProxy.
"""

import asyncio
import random
import socket
import struct
import threading

PIECE = 64 << 10


class Connection:
    def __init__(self, client, server):
        self.client, self.server = client, server  # StreamWriters
        self.bytes = 0
        self.name = ""

    def abort(self):
        """Ends both sides with a reset, as a broken network does."""
        for writer in (self.client, self.server):
            sock = writer.get_extra_info("socket")
            if sock is not None and sock.family == socket.AF_INET and sock.fileno() >= 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class FaultProxy:
    def __init__(self, target, port=0, seed=0):
        self.target = target
        self.draw = random.Random(seed)
        self.cuts = 0
        self.connections = set()
        self.heal()
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(port, ready), daemon=True)
        self._thread.start()
        ready.wait()

    def heal(self):
        self.delay, self.rate = 0.0, 0
        self.swallow = frozenset()
        self.refuse = False
        self.cut_after = 0
        self.flip_one_in = 0  # bytes: about one in so many is changed, in both directions

    def cut(self):
        """Ends all connections; returns how many."""
        return self._call(self._cut_all())

    def close(self):
        self._call(self._cut_all())
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def _serve(self, port, ready):
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._accept, "127.0.0.1", port))
        self.port = self._server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()

    async def _stop(self):
        self._server.close()
        others = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _cut_all(self):
        count = len(self.connections)
        for connection in list(self.connections):
            self.end(connection)
        return count

    def end(self, connection):
        if connection in self.connections:
            self.connections.discard(connection)
            self.cuts += 1
            connection.abort()

    async def _accept(self, reader, writer):
        if self.refuse:
            writer.transport.abort()
            return
        try:
            if isinstance(self.target, str):
                server = await asyncio.open_unix_connection(self.target)
            else:
                server = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        connection = Connection(writer, server[1])
        self.connections.add(connection)
        try:
            await self.relay(connection, reader, server[0])
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.connections.discard(connection)
            connection.client.close()
            connection.server.close()

    async def relay(self, connection, from_client, from_server):
        """Both directions until one side ends; subclasses look into the bytes."""
        await first_of(self.pump(connection, from_client, connection.server, "up"),
                       self.pump(connection, from_server, connection.client, "down"))

    async def pump(self, connection, reader, writer, direction):
        while data := await reader.read(PIECE):
            await self.send(connection, writer, direction, data)

    async def send(self, connection, writer, direction, data):
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.rate:
            await asyncio.sleep(len(data) / self.rate)
        if direction in self.swallow:
            return
        connection.bytes += len(data)
        if self.cut_after and connection.bytes > self.cut_after:
            self.end(connection)
            raise ConnectionResetError
        writer.write(self.flipped(data) if self.flip_one_in else data)
        await writer.drain()

    def flipped(self, data):
        if self.draw.random() * self.flip_one_in > len(data):
            return data
        changed = bytearray(data)
        changed[self.draw.randrange(len(data))] ^= 1 << self.draw.randrange(8)
        self.cuts += 1
        return bytes(changed)


async def first_of(*coroutines):
    tasks = [asyncio.ensure_future(c) for c in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


SSL_REQUEST, CANCEL_REQUEST = 80877103, 80877102
COPY_DONE = b"c"


class PostgresProxy(FaultProxy):
    """Knows where a COMMIT begins. `on_commit(copied)` is called for each of a worker's sessions,
    with whether its transaction copied rows in, and says what becomes of it: None, "lose_reply"
    (the server takes it, the client never hears), "lose_request" (the server never hears), "hang"
    (neither hears, the line stays open)."""

    def heal(self):
        super().heal()
        self.on_commit = lambda copied: None

    async def pump(self, connection, reader, writer, direction):
        if direction == "down":
            while data := await reader.read(PIECE):
                if connection.name == "reply lost":
                    self.end(connection)
                    return
                await self.send(connection, writer, direction, data)
            return
        await self.start(connection, reader, writer)
        copied = False
        while True:
            head = await reader.readexactly(5)
            body = await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)
            fault = None
            copied |= head[:1] == COPY_DONE
            if head[:1] == b"Q" and body.rstrip(b"\0 ;").upper() == b"COMMIT":
                if connection.name.startswith("sluice:"):
                    fault = self.on_commit(copied)
                copied = False
            if fault == "lose_request":
                self.end(connection)
                return
            if fault == "hang":
                self.cuts += 1
                await asyncio.sleep(3600)
            if fault == "lose_reply":
                connection.name = "reply lost"
            await self.send(connection, writer, "up", head + body)

    async def start(self, connection, reader, writer):
        while True:
            head = await reader.readexactly(8)
            length, code = struct.unpack("!II", head)
            body = await reader.readexactly(length - 8)
            if code not in (SSL_REQUEST, CANCEL_REQUEST):
                words = body.split(b"\0")
                named = dict(zip(words[::2], words[1::2]))
                connection.name = named.get(b"application_name", b"").decode()
            await self.send(connection, writer, "up", head + body)
            if code != SSL_REQUEST:
                return


REASONS = {403: "Forbidden", 404: "NoSuchKey", 429: "Too Many Requests",
           500: "Internal Server Error", 503: "Service Unavailable", 507: "Insufficient Storage"}


class HttpProxy(FaultProxy):
    """Knows requests and answers (with a Content-Length). `on_request(method, target)` says what
    becomes of one: None, a status (answered here), "lose_reply" (done, but the line breaks before
    the answer), "lose_request" (breaks half way through it), "flip" (one bit of its body),
    "flip_reply", "short_reply" (the answer's body breaks off), "hang"."""

    def heal(self):
        super().heal()
        self.on_request = lambda method, target: None

    async def relay(self, connection, from_client, from_server):
        while True:
            head, body = await read_message(from_client, asks=connection.client)
            method, target = head.split(b" ", 2)[:2]
            fault = self.on_request(method.decode(), target.decode())
            if fault is not None:
                self.cuts += 1
            if isinstance(fault, int):
                await self.send(connection, connection.client, "down", answer(fault, method))
                continue
            if fault == "hang":
                await asyncio.sleep(3600)
            if fault == "flip" and body:
                body = self.one_bit(body)
            if fault == "lose_request":
                connection.server.write(head + body[:len(body) // 2])
                await connection.server.drain()
                connection.abort()
                return
            await self.send(connection, connection.server, "up", head + body)
            head, body = await read_message(from_server, of=method)
            if fault == "lose_reply":
                connection.abort()
                return
            if fault == "flip_reply" and body:
                body = self.one_bit(body)
            if fault == "short_reply":
                connection.client.write(head + body[:len(body) // 2])
                await connection.client.drain()
                connection.client.close()
                return
            await self.send(connection, connection.client, "down", head + body)

    def one_bit(self, body):
        changed = bytearray(body)
        changed[self.draw.randrange(len(body))] ^= 1 << self.draw.randrange(8)
        return bytes(changed)


async def read_message(reader, of=b"", asks=None):
    """One request, or the answer to one of method `of`: its head and its body. A client that `asks`
    whether it may send the body is told that it may."""
    head = await reader.readuntil(b"\r\n\r\n")
    if asks is not None and b"100-continue" in head.lower():
        asks.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    while of and head.split(b" ", 2)[1] == b"100":  # only a word on the way
        head = await reader.readuntil(b"\r\n\r\n")
    length, chunked = 0, False
    for line in head.split(b"\r\n")[1:]:
        name, _, text = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(text)
        if name.lower() == b"transfer-encoding":
            chunked = b"chunked" in text.lower()
    status = head.split(b" ", 2)[1] if of else b""
    if of == b"HEAD" or status in (b"204", b"304"):
        return head, b""
    if not chunked:
        return head, await reader.readexactly(length)
    body = b""
    while True:
        size = await reader.readuntil(b"\r\n")
        piece = await reader.readexactly(int(size.split(b";")[0], 16) + 2)
        body += size + piece
        if int(size.split(b";")[0], 16) == 0:
            return head, body


def answer(status, method):
    text = (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{REASONS.get(status, "Fault")}'
            "</Code><Message>by the fault proxy</Message></Error>").encode()
    head = (f"HTTP/1.1 {status} {REASONS.get(status, 'Fault')}\r\nContent-Type: application/xml\r\n"
            f"Content-Length: {len(text)}\r\n\r\n").encode()
    return head if method == b"HEAD" else head + text
