#!/bin/sh
# One would expect: names of header fields have no case (RFC 9110), so a client that offers `graphql-transport-ws` and is answered
# `sec-websocket-protocol: graphql-transport-ws` speaks that protocol.
#
# What happens: Python's gql 4.4.0 copies the answer's headers into a dict and looks for `Sec-WebSocket-Protocol`. Where a server (hyper, and
# whatever goes through HTTP/2) writes it in lower case, gql takes the server for one of the older protocol, and sends `start` where
# `subscribe` is due. Its transport on aiohttp is not affected; naming the protocol in `subprotocols` helps.
#
# Why it matters here: Muster is such a server, so docs/api.md names the argument, and a server that was meant to be met by everybody closes
# the connection with 4400.
#
# Versions: gql 4.4.0, websockets 17.4, graphql-core 3.3.2 (pip), Python 3.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check gql==4.4.0 websockets==17.4 graphql-core==3.3.2

cat > meet.py <<'END'
import asyncio, base64, hashlib, json, sys

from gql import Client, gql
from gql.transport.websockets import WebsocketsTransport
from websockets.frames import Frame, Opcode


async def read(reader):
    """The text of one frame from the client, which masks it."""
    _, length = await reader.readexactly(2)
    length &= 127
    if length == 126:
        length = int.from_bytes(await reader.readexactly(2), "big")
    mask = await reader.readexactly(4)
    data = await reader.readexactly(length)
    return json.loads(bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)))


async def first_operation(header, **more):
    """How the client asks for its operation when the server answers with this header."""
    asked = asyncio.get_running_loop().create_future()

    async def serve(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key"))
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        answer = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}",
                  f"{header}: graphql-transport-ws", "", ""]
        writer.write("\r\n".join(answer).encode())
        assert (await read(reader))["type"] == "connection_init"
        writer.write(Frame(Opcode.TEXT, b'{"type":"connection_ack"}').serialize(mask=False))
        asked.set_result((await read(reader))["type"])
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = Client(transport=WebsocketsTransport(url=f"ws://127.0.0.1:{port}/", **more))
    running = asyncio.create_task(client.execute_async(gql("{ a }")))
    kind = await asyncio.wait_for(asked, 20)
    await asyncio.gather(running, return_exceptions=True)
    server.close()
    return kind


async def main():
    seen = [
        await first_operation("Sec-WebSocket-Protocol"),
        await first_operation("sec-websocket-protocol"),
        await first_operation("sec-websocket-protocol", subprotocols=["graphql-transport-ws"]),
    ]
    print("title case:", seen[0], "| lower case:", seen[1], "| lower case, one protocol offered:", seen[2])
    sys.exit(seen != ["subscribe", "start", "subscribe"])


asyncio.run(main())
END
env/bin/python meet.py
