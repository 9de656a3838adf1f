"""A mail server for the tests: aiosmtpd, misbehaving as the file CONTROL asks.

Usage: smtp_server.py PORT MAILS CONTROL [CERTIFICATE WHEN]. With a certificate (key and certificate in one file), connections
must be encrypted: WHEN is "at-once" or "starttls". Each accepted mail is one line of JSON in MAILS, on disk before the answer.
CONTROL is JSON, read again at every step: refuse (addresses), later, hang ("connect", "data"), cut, slow (milliseconds),
account ([user, password]). Ends with its standard input, so that it does not outlive the tests.
"""

import asyncio
import email
import email.policy
import json
import os
import ssl
import sys
import threading

from aiosmtpd.smtp import SMTP, AuthResult

PORT, MAILS, CONTROL = int(sys.argv[1]), sys.argv[2], sys.argv[3]
CERTIFICATE, WHEN = sys.argv[4:] or (None, None)
TLS = None
if CERTIFICATE:
    TLS = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    TLS.load_cert_chain(CERTIFICATE)


def control():
    with open(CONTROL, encoding="utf-8") as file:
        return json.load(file)


def signed_in(_server, _session, _envelope, _mechanism, data):
    user, password = control()["account"]
    right = (data.login, data.password) == (user.encode(), password.encode())
    return AuthResult(success=right, handled=False)


def store(envelope, session):
    message = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
    html = message.get_body(["html"])
    mail = {
        "messageId": message["Message-ID"],
        "connection": session.peer[1],
        "from": envelope.mail_from,
        "to": envelope.rcpt_tos,
        "subject": message["Subject"],
        "date": message["Date"],
        "headers": [[name, str(value)] for name, value in message.items()],
        "text": message.get_body(["plain"]).get_content().replace("\r\n", "\n"),
        "html": html.get_content() if html else None,
        "files": [[file.get_filename(), file.get_content_type(), file.get_content().hex()] for file in message.iter_attachments()],
        "raw": envelope.original_content.hex(),
    }
    with open(MAILS, "a", encoding="utf-8") as file:
        file.write(json.dumps(mail) + "\n")
        file.flush()
        os.fsync(file.fileno())


class Handler:
    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address in control()["refuse"]:
            return "550 5.1.1 No such person here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        asked = control()
        if asked["hang"] == "data":
            await asyncio.Event().wait()
        await asyncio.sleep(asked["slow"] / 1000)
        if asked["later"]:
            return "451 4.3.0 Come back later"
        store(envelope, session)
        if asked["cut"]:
            server.transport.abort()
        return "250 OK"


class Server(SMTP):
    async def _handle_client(self):
        if control()["hang"] == "connect":
            await asyncio.Event().wait()
        await super()._handle_client()


def connection():
    account = control()["account"] is not None
    return Server(
        Handler(),
        hostname="mail.example.org",
        enable_SMTPUTF8=True,
        tls_context=TLS if WHEN == "starttls" else None,
        require_starttls=WHEN == "starttls",
        auth_required=account,
        auth_require_tls=False,
        authenticator=signed_in if account else None,
        loop=asyncio.get_running_loop(),
    )


async def main():
    at_once = TLS if WHEN == "at-once" else None
    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", PORT, ssl=at_once)
    await server.serve_forever()


def end_with_input():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
asyncio.run(main())
