#!/usr/bin/env python3
"""A mail server on the loopback interface for tests and the demo: keeps what it is sent in a Maildir.

  mail-server.py PORT MAILDIR [--mode FILE] [--tls CERT KEY] [--implicit] [--login USER PASSWORD]

What it does with the next mail is the first word of the mode file, read anew at each step:

  accept    (or no file) keeps it
  refuse    turns the recipient away for good (550)
  busy      turns the mail away for now (451)
  stall     answers nothing to the mail's end
  forget    keeps the mail and closes the connection without an answer
  hang-up   closes the connection as soon as it is greeted

Needs aiosmtpd. Runs until it is killed.
"""

import argparse
import asyncio
import mailbox
import ssl
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Keeper:
    def __init__(self, options):
        self.options = options
        self.maildir = mailbox.Maildir(options.maildir, create=True)

    def mode(self):
        if not self.options.mode:
            return "accept"
        try:
            with open(self.options.mode, encoding="utf-8") as file:
                return (file.read().split() or ["accept"])[0]
        except FileNotFoundError:
            return "accept"

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        if self.mode() == "hang-up":
            server.transport.close()
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.mode() == "refuse" or address.startswith("nobody@"):
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mode = self.mode()
        if mode == "busy":
            return "451 4.3.0 Try again later"
        if mode == "stall":
            await asyncio.sleep(3600)
        message = mailbox.MaildirMessage(envelope.content)
        message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        message["X-Transport"] = (
            "tls" if server.transport.get_extra_info("ssl_object") else "plain"
        )
        self.maildir.add(message)
        if mode == "forget":
            server.transport.close()
        return "250 2.0.0 Kept"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("maildir")
    parser.add_argument("--mode")
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    parser.add_argument("--implicit", action="store_true")
    parser.add_argument("--login", nargs=2, metavar=("USER", "PASSWORD"))
    options = parser.parse_args()

    context = None
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*options.tls)

    def authenticate(server, session, envelope, mechanism, data):
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == tuple(options.login), handled=False)

    settings = {"hostname": "127.0.0.1", "port": options.port, "ready_timeout": 60}
    if context and options.implicit:
        settings["ssl_context"] = context
    elif context:
        settings |= {"tls_context": context, "require_starttls": True}
    if options.login:
        settings |= {
            "authenticator": authenticate,
            "auth_required": True,
            "auth_require_tls": bool(context) and not options.implicit,
        }
    Controller(Keeper(options), **settings).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
