import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.mail import Mail, SmtpMailer, write_message


def mail(to: str = "someone@example.org", **changes: str) -> Mail:
    return Mail(**{"to": to, "subject": "Your opinion", "text": "Bitte, 请。\n", "message_id": "<1@x>", **changes})


class Server:
    """As much SMTP as a test needs. `answers` are told instead of what is usual, by command."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.taken: list[tuple[str, str]] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient = ""
        writer.write(b"220 test\r\n")
        while line := (await reader.readline()).decode().strip():
            command = line.split()[0].upper()
            answer = self.answers.get(command, "250 fine")
            if command == "RCPT":
                recipient = line.split("<")[1].split(">")[0]
                answer = self.answers.get(recipient.split("@")[0], answer)
            if answer == "hang up":
                break
            if command == "DATA":
                writer.write(b"354 go on\r\n")
                body = (await reader.readuntil(b"\r\n.\r\n")).decode()
                if self.answers.get("END") == "hang up":
                    break
                self.taken.append((recipient, body))
            writer.write(f"{answer}\r\n".encode())
            if command == "QUIT":
                break

    @asynccontextmanager
    async def running(self) -> AsyncIterator[SmtpMailer]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield SmtpMailer(f"smtp://127.0.0.1:{self.port}", "desk@example.org")
        finally:
            server.close()
            await server.wait_closed()


class TestSmtpMailer:
    async def test_each_goes_to_its_own_reader(self) -> None:
        server = Server()
        async with server.running() as mailer:
            outcomes = await mailer.send([mail("a@example.org"), mail("b@example.org", subject="意见")])
        assert [outcome.result for outcome in outcomes] == ["sent", "sent"]
        assert [recipient for recipient, _ in server.taken] == ["a@example.org", "b@example.org"]
        assert "b@example.org" not in server.taken[0][1]
        assert "From: desk@example.org" in server.taken[0][1]

    async def test_a_refusal_for_good_and_one_for_now_harm_no_other(self) -> None:
        server = Server(gone="550 5.1.1 no such user", full="452 4.2.2 mailbox full")
        async with server.running() as mailer:
            mails = [mail("gone@example.org"), mail("full@example.org"), mail("not an address"), mail("a@example.org")]
            outcomes = await mailer.send(mails)
        assert [outcome.result for outcome in outcomes] == ["refused", "failed", "refused", "sent"]
        assert outcomes[0].detail == "550 5.1.1 no such user"
        assert [recipient for recipient, _ in server.taken] == ["a@example.org"]

    async def test_a_sender_that_is_refused_is_no_fault_of_the_reader(self) -> None:
        """It is tried again, once the setting is mended."""
        async with Server(MAIL="550 5.7.1 who are you").running() as mailer:
            outcomes = await mailer.send([mail(), mail()])
        assert [outcome.result for outcome in outcomes] == ["failed", "failed"]
        assert "desk@example.org is refused: 550" in str(outcomes[0].detail)

    async def test_what_cannot_be_written_harms_no_other(self) -> None:
        server = Server()
        async with server.running() as mailer:
            outcomes = await mailer.send([mail(text="\ud800"), mail("b@example.org")])
        assert [outcome.result for outcome in outcomes] == ["refused", "sent"]

    async def test_a_long_address_in_a_header_arrives_whole(self) -> None:
        server = Server()
        link = f"<https://{'a' * 60}.example.org/satisfaction/survey/{'A' * 43}/stop>"
        async with server.running() as mailer:
            await mailer.send([Mail("a@example.org", "s", "t", "<1@x>", {"List-Unsubscribe": link})])
        assert f"List-Unsubscribe: {link}\r\n" in server.taken[0][1]

    async def test_a_connection_that_breaks_leaves_one_unknown_and_the_rest_unsent(self) -> None:
        async with Server(END="hang up").running() as mailer:
            outcomes = await mailer.send([mail(), mail(), mail()])
        assert [outcome.result for outcome in outcomes] == ["unknown", "failed", "failed"]

    async def test_a_server_that_is_not_there(self) -> None:
        server = Server()
        async with server.running():
            pass
        outcomes = await SmtpMailer(f"smtp://127.0.0.1:{server.port}", "desk@example.org").send([mail(), mail()])
        assert [outcome.result for outcome in outcomes] == ["failed", "failed"]


class TestWriteMessage:
    @pytest.mark.parametrize(
        "to", ["a@example.org, b@example.org", "a@example.org\nBcc: b@example.org", "", "a b@c", "@"]
    )
    def test_one_mail_goes_to_one_reader(self, to: str) -> None:
        with pytest.raises(ValueError, match="no address of one reader"):
            write_message(mail(to), "desk@example.org")

    def test_an_address_in_a_header_stays_as_it_is(self) -> None:
        """RFC 8058: a folded one would be encoded, and unsubscribing by one click would lead nowhere."""
        link = f"<https://ratchet.a-long-company-name.example.com/satisfaction/survey/{'A' * 43}/stop>"
        written = write_message(Mail("a@b.org", "s", "t", "<1@x>", {"List-Unsubscribe": link}), "desk@example.org")
        assert f"\nList-Unsubscribe: {link}\r\n" in written.as_bytes().decode()
        assert written["Date"] is not None
