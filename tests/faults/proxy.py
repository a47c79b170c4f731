"""A proxy between the host and the sandbox that spoils chosen exchanges: cut or reset at any byte of request or answer, late, slow, with extra bytes.

One thread, its own event loop. `faults` maps a name that occurs in the request to what becomes of the first request that holds it.
"""

import asyncio
import collections
import re
import socket
import struct
import threading
import urllib.parse

# side: "request" or "answer"; how: "reset", "close", "delay", "drip", "extra"; at: after how many bytes of that side.
Fault = collections.namedtuple("Fault", "side how at")


def reset(writer):
    """RST instead of FIN."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def read_message(reader):
    """Head and body, framed by Content-Length as both sides here do it; empty at the end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.I)
    try:
        return head + (await reader.readexactly(int(length.group(1))) if length else b"")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


class Proxy:
    def __init__(self, upstream, method=b"POST"):
        url = urllib.parse.urlsplit(upstream)
        self._upstream = (url.hostname, url.port)
        self._method = method
        self.faults = {}
        self.struck = collections.Counter()
        self.deaf = None  # of a control: a function that may change (request, answer)
        self.dripped_ms = 2
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait()

    def _run(self, ready):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _fault_for(self, request):
        if not request.startswith(self._method):
            return None
        for name in re.findall(rb"(?:bigcommerce|gorgias)_\d+", request):
            fault = self.faults.pop(name.decode(), None)
            if fault:
                return fault
        return None

    async def _serve(self, reader, writer):
        upstream = None
        try:
            upstream = await asyncio.open_connection(*self._upstream)
            while await self._exchange(reader, writer, *upstream):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            if upstream:
                upstream[1].close()

    async def _exchange(self, reader, writer, up_reader, up_writer):
        """True if the connection may be used again."""
        request = await read_message(reader)
        if not request:
            return False
        fault = self._fault_for(request)
        if fault:
            self.struck[f"{fault.side} {fault.how}"] += 1
        if self.deaf:
            request = self.deaf(request, None)
        if fault and fault.side == "request":
            at = fault.at % (len(request) + 1)
            up_writer.write(request[:at])
            await up_writer.drain()
            if at == len(request):
                await read_message(up_reader)  # done there, untold here
            (reset if fault.how == "reset" else asyncio.StreamWriter.close)(writer)
            return False
        up_writer.write(request)
        answer = await read_message(up_reader)
        if not answer:
            return False
        if self.deaf:
            answer = self.deaf(request, answer)
        if not fault:
            writer.write(answer)
            await writer.drain()
            return True
        return await self._spoil(fault, answer, writer)

    async def _spoil(self, fault, answer, writer):
        if fault.how == "delay":
            await asyncio.sleep(1)
            writer.write(answer)
        elif fault.how == "drip":
            for byte in answer:
                writer.write(bytes([byte]))
                await asyncio.sleep(self.dripped_ms / 1000)
        elif fault.how == "extra":
            # A whole answer more, which nobody asked for: it must be nobody's.
            body = b'{"id":666666,"data":[{"id":666666}]}'
            writer.write(answer + b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        else:
            writer.write(answer[:fault.at % (len(answer) + 1)])
            await writer.drain()
            (reset if fault.how == "reset" else asyncio.StreamWriter.close)(writer)
            return False
        await writer.drain()
        return True
