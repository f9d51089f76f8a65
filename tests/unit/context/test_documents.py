"""Documents from bytes and files: formats, blocks, headings, lines, and every refusal."""

import io
import sys
from pathlib import Path

import docx
import pytest
from pypdf import PdfReader, PdfWriter

from lasttenth.context.documents import Document, documents_in, line_of, parse_document, read_bytes
from lasttenth.context.parsers.extras import documents_package
from lasttenth.records.errors import DocumentError, MissingExtraError

MARKDOWN = """---
title: Tea
---
# Tea

Steep it
for 3 minutes.

## Kinds

- green
- black
  and strong

1. first

| kind | time |
|------|-----:|
| green | 2 |

```python
# not a heading
```

> Said
> twice.

***

Two lines
of title
--------
    indented = True

<!-- hidden -->
End.
"""


def shown(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def pdf_of(*pages: str) -> bytes:
    """Write a PDF by hand: a page per text, one line each, in a font every viewer has."""
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(pages)))
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for index, page in enumerate(pages):
        drawing = f"BT /F1 12 Tf 72 700 Td ({page}) Tj ET"
        resources = "<< /Font << /F1 3 0 R >> >>"
        box = "/MediaBox [0 0 612 792]"
        bodies.append(f"<< /Type /Page /Parent 2 0 R {box} /Contents {5 + 2 * index} 0 R /Resources {resources} >>")
        bodies.append(f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream")
    out = "%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(bodies) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n{table}"
    start = len(out) - len(table) - len(f"xref\n0 {size}\n0000000000 65535 f \n")
    return f"{out}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()


def docx_of() -> bytes:
    document = docx.Document()
    document.add_heading("Tea", 1)
    document.add_paragraph("Steep it.")
    document.add_paragraph("green", style="List Bullet")
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text = "kind"
    table.rows[0].cells[1].text = "time"
    document.add_paragraph("Said.", style="Quote")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_markdown_keeps_its_text_and_becomes_blocks() -> None:
    document = parse_document("tea.md", MARKDOWN.encode())

    assert document.text == MARKDOWN
    assert shown(document) == [
        ("heading", "# Tea"),
        ("paragraph", "Steep it\nfor 3 minutes."),
        ("heading", "## Kinds"),
        ("list_item", "- green"),
        ("list_item", "- black\n  and strong"),
        ("list_item", "1. first"),
        ("table", "| kind | time |\n|------|-----:|\n| green | 2 |"),
        ("code", "```python\n# not a heading\n```"),
        ("quote", "> Said\n> twice."),
        ("heading", "Two lines\nof title\n--------"),
        ("code", "indented = True"),
        ("paragraph", "End."),
    ]


def test_markdown_blocks_carry_the_titles_above_them() -> None:
    text = b"# A\n## B ##\nb\n### C\nc\n## D\nd\n\nE\n===\ne\n"

    document = parse_document("x.md", text)

    paths = [block.headings for block in document.blocks if block.kind == "paragraph"]
    assert paths == [("A", "B"), ("A", "B", "C"), ("A", "D"), ("E",)]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_are_counted_from_one_in_every_newline_style(newline: str) -> None:
    document = parse_document("x.txt", newline.join(["one", "", "three", "four", ""]).encode())

    block = document.blocks[1]

    assert [line_of(document.text, at) for at in (0, block.start, block.end - 1)] == [1, 3, 4]


def test_marks_of_encoding_are_not_text() -> None:
    texts = [parse_document("x.txt", "Tee über".encode(codec)).text for codec in ("utf-8-sig", "utf-16", "utf-8")]

    assert texts == ["Tee über"] * 3


def test_html_keeps_its_line_numbers_and_drops_what_nobody_sees() -> None:
    source = (
        "<!doctype html>\n<html><head><title>t</title>\n<style>p {}\n</style></head>\n<body>\n"
        "<h1>Tea &amp;\n more</h1><p>Steep <b>it</b>&nbsp;now.</p><script>\nvar x = '<p>no</p>';\n</script>\n"
        "<ul><li>green<li>black</ul>\n<blockquote><p>Said.</p></blockquote>\n"
        "<table><tr><td>a</td><td>b</td></tr></table><pre>x\n  y</pre>tail\n</body></html>"
    )

    document = parse_document("x.html", source.encode())

    assert shown(document) == [
        ("heading", "Tea &\n more"),
        ("paragraph", "Steep it\u00a0now."),
        ("list_item", "green"),
        ("list_item", "black"),
        ("quote", "Said."),
        ("table", "a  b"),
        ("code", "x\n  y"),
        ("paragraph", "tail"),
    ]
    assert document.blocks[1].headings == ("Tea & more",)
    words = ("Tea", "Steep", "green", "Said", "tail")
    assert [line_of(document.text, document.text.index(word)) for word in words] == [
        line_of(source, source.index(word)) for word in words
    ]


def test_html_declares_its_own_encoding() -> None:
    document = parse_document("x.htm", "<meta charset='latin-1'><p>über</p>".encode("latin-1"))

    assert document.text.strip() == "über"


def test_pdf_pages_are_sections() -> None:
    document = parse_document("x.pdf", pdf_of("Steep it.", "Drink it."))

    assert shown(document) == [("paragraph", "Steep it."), ("paragraph", "Drink it.")]
    assert [block.headings for block in document.blocks] == [("Page 1",), ("Page 2",)]


def test_docx_styles_become_blocks() -> None:
    document = parse_document("x.docx", docx_of())

    assert shown(document) == [
        ("heading", "Tea"),
        ("paragraph", "Steep it."),
        ("list_item", "green"),
        ("table", "kind | time"),
        ("quote", "Said."),
    ]
    assert document.blocks[-1].headings == ("Tea",)


def encrypted() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf_of("Secret."))))
    writer.encrypt("key", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("x.txt", b"", "holds no text"),
        ("x.md", b"---\na: 1\n---\n \n", "holds no text"),
        ("x.txt", b"a\0b", "binary data"),
        ("x.txt", "über".encode("latin-1"), "not utf-8 text"),
        ("x.html", b"<meta charset='klingon'><p>a</p>", "not klingon text"),
        ("x.html", b"<script>a</script>", "holds no text"),
        ("x.exe", b"a", "no parser reads"),
        ("x", b"a", "no parser reads"),
        ("x.pdf", b"%PDF-1.4\nbroken", "not a readable PDF"),
        ("x.pdf", b"", "not a readable PDF"),
        ("x.pdf", pdf_of(""), "no text layer"),
        ("x.pdf", encrypted(), "is encrypted"),
        ("x.docx", b"PK\x03\x04broken", "not a readable DOCX"),
        ("x.docx", b"", "not a readable DOCX"),
        ("x.txt", b"a" * 101, "more than the 100 allowed"),
    ],
)
def test_unreadable_bytes_are_refused_with_what_to_do(name: str, data: bytes, message: str) -> None:
    with pytest.raises(DocumentError, match=message) as caught:
        parse_document(name, data, limit=100 if message.startswith("more") else 10_000)

    assert caught.value.hint


def test_files_that_cannot_be_opened_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "folder.txt"
    folder.mkdir()

    for path in (folder, tmp_path / "missing.txt"):
        with pytest.raises(DocumentError, match="cannot be read"):
            read_bytes(path, path.name)


def test_folders_give_their_readable_files_in_order(tmp_path: Path) -> None:
    for name in ("b.md", "a.txt", "sub/c.html", ".hidden.md", ".git/d.md", "e.exe"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a")

    found = [path.relative_to(tmp_path).as_posix() for path in documents_in([tmp_path, tmp_path / "e.exe"])]

    assert found == ["a.txt", "b.md", "sub/c.html", "e.exe"]


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypdf", None)

    with pytest.raises(MissingExtraError, match=r"lasttenth\[documents\]"):
        documents_package("pypdf", document="a.pdf")
