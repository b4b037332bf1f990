"""A hostile stranger at the command line: every command ends with an exit code and a sentence.

Commands that stay (`serve`, `run`, `demo`) are called with what they must refuse at once.
"""

import io
import random
import socket
import threading
from contextlib import redirect_stderr, redirect_stdout

import pytest
from hostile import TEXTS
from typer.main import get_command

from tamesu.cli.app import command_line
from tamesu.cli.entry import run

STAY = {"serve", "run", "demo", "data"}
EXIT_CODES = {0, 1, 2, 3}
FILES = {
    "empty.yaml": b"",
    "binary.yaml": bytes(range(256)) * 50,
    "nul.yaml": b"name: a\x00b\narms: [a, b]\n",
    "utf16.yaml": "name: shop\narms: [a, b]\n".encode("utf-16"),
    "list.yaml": b"- 1\n- 2\n",
    "text.yaml": b"just a sentence",
    "number.yaml": b"1e400",
    "deep.yaml": b"[" * 3000 + b"]" * 3000,
    "unclosed.yaml": b"name: {a: [",
    "tabs.yaml": b"name:\tshop\n\tarms: [a]\n",
    "laughs.yaml": b"a: &a [x, x, x, x, x, x, x, x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (i, i, b",".join([b"*%c" % (i - 1)] * 9)) for i in range(98, 108)),
    "bomb.yaml": b"name: shop\narms: [a, {id: b, metadata: {a: &a [x, x, x, x, x, x, x, x],\n"
    + b"".join(b"%c: &%c [%s],\n" % (i, i, b",".join([b"*%c" % (i - 1)] * 9)) for i in range(98, 108))
    + b"}}]\n",
    "loop.yaml": b"&a [*a]",
    "round.yaml": b"name: shop\narms: [a, {id: b, metadata: &m {x: *m}}]\n",
    "object.yaml": b"!!python/object/apply:os.system ['touch owned']\n",
    "date.yaml": b"name: 2026-11-22\narms: [2026-11-22, .inf, .nan, ~]\n",
    "keys.yaml": b"? [1, 2]\n: 3\n1: 2\nnull: 4\n",
    "odd.yaml": b"name: shop\narms: [a, b]\npolicy: {belief: [], explorer: {kind: {}}}\nreward: {events: 3}\n",
    "huge.json": b'{"name": "shop", "arms": [' + b'"a",' * 12_000 + b'"b"]}',
    "number.json": b'{"name": "shop", "arms": ["a", "b"], "seed": ' + b"9" * 6000 + b"}",
    "nan.json": b'{"name": "shop", "arms": ["a", "b"], "reward": {"default": NaN}}',
    "surrogate.json": b'{"name": "\\ud800", "arms": ["\\udfff", "b"]}',
    "arms.csv": b"id\n" + b"\xff\xfe\n\x00\n" * 10,
    "ragged.csv": b'id,price\na\nb,1,2,3\n"c',
    "arms.parquet": b"PAR1" + b"\x00" * 64 + b"PAR1",
    "good.yaml": b"name: shop\narms: [a, b]\n",
}  # fmt: skip


def leaves(command, path=()):
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, one in inner.items():
        yield from leaves(one, (*path, name))


COMMANDS = dict(leaves(get_command(command_line())))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, body in FILES.items():
        (tmp_path / name).write_bytes(body)
    (tmp_path / "folder.yaml").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.fixture
def babbler():
    """A port behind which somebody speaks no HTTP of ours."""
    answers = [
        b"",
        b"\x00\xff" * 500,
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n<htm",
        b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]",
        b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"a":"b"}',
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\r\nnull",
        b"HTTP/1.1 500 x\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 302 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        b'HTTP/1.1 404 x\r\ncontent-type: application/problem+json\r\ncontent-length: 4\r\n\r\n{"a"',
    ]  # fmt: skip
    listener = socket.create_server(("127.0.0.1", 0))

    def babble():
        turn = 0
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(1 << 16)
                    connection.sendall(answers[turn % len(answers)])
                except OSError:
                    pass
            turn += 1

    thread = threading.Thread(target=babble)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def called(words):
    """Exit code and output of a command line; what escapes it is a mistake of ours."""
    out, err = io.StringIO(), io.StringIO()
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = run(words)
    except SystemExit as end:
        code = end.code
    except Exception as error:
        raise AssertionError(f"tamesu {words!r} ended with {error!r}") from error
    return code, out.getvalue() + err.getvalue()


def holds(words):
    code, said = called(words)
    assert code in EXIT_CODES, (words, code, said[-1000:])
    assert "Traceback" not in said, (words, said[-2000:])
    assert code == 0 or said.strip(), words
    return code


def drawn(draw, command, url):
    """Words for the parameters of a command: a good many, and hardly any good."""
    texts = [
        text.replace("\x00", "").replace("\ud800", "\udc80") for text in TEXTS
    ]  # as words can be
    values = [*texts, *FILES, "folder.yaml", "nowhere.yaml", "shop", "1", "0", "-1", "."]
    words = []
    for parameter in command.params:
        if parameter.name in ("help", "json", "follow"):
            continue
        if parameter.param_type_name == "argument":
            words.append(draw.choice(values))
        elif "--url" in parameter.opts:
            words += [
                "--url",
                draw.choice(
                    [url, url, url, "http://", "localhost:99999", "ftp://x", "http://[::1"]
                ),
            ]
        elif draw.random() < 0.4:
            words.append(parameter.opts[0])
            if not getattr(parameter, "is_flag", False):
                words.append(draw.choice(values))
    if draw.random() < 0.3:
        words.append("--json")
    return words


@pytest.mark.parametrize("name", FILES)
def test_any_file_is_a_declaration_or_refused(folder, name):
    for command in ("check", "create"):
        for url in ([], ["--url", "http://127.0.0.1:1"]) if command == "create" else ([],):
            code = holds(["bandit", command, name, *url])
            assert (code == 0) == (name == "good.yaml" and command == "check")
    assert not (folder / "owned").exists()


@pytest.mark.parametrize("path", [path for path in COMMANDS if path[0] not in STAY], ids=" ".join)
def test_any_words_end_with_a_sentence(folder, babbler, path):
    draw = random.Random(7)
    codes = {holds([*path, *drawn(draw, COMMANDS[path], babbler)]) for _ in range(4)}
    assert codes <= EXIT_CODES


@pytest.mark.parametrize("words", [["serve"], ["run", "server"], ["run", "trainer"], ["demo"]])
def test_those_that_stay_refuse_at_once_what_they_cannot_use(folder, words):
    for bad in (["--data", "list.yaml"], ["--port", "99999"], ["--nothing"], ["--data"]):
        assert holds([*words, *bad]) != 0


@pytest.mark.parametrize(
    "text", ["data = [", "\x00", "data = 7\n", "nothing = 1\n", 'port = "x"\n']
)
def test_settings_that_cannot_be_are_refused(folder, text):
    (folder / "tamesu.toml").write_text(text)
    for words in (["status"], ["doctor"], ["bandit", "list"], ["serve"], ["keys", "list"]):
        assert holds(words) != 0
