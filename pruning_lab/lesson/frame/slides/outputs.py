"""What the cells of a lesson's notebook printed and drew, for those who show it elsewhere: decks and the site."""

import re
from dataclasses import dataclass
from html import escape, unescape

import nbformat


@dataclass(frozen=True)
class Picture:
    """A figure as a PNG in base64, with its words for who cannot see it.

    Args:
        smallest_text: the height of its smallest text in pixels of the PNG; None if nobody wrote it down.
    """

    image: str
    alt: str
    smallest_text: float | None = None

    def html(self):
        """Return an image; `data-smallest` is the height of its smallest text in its own pixels."""
        smallest = "" if self.smallest_text is None else f' data-smallest="{self.smallest_text}"'
        return f'<img alt="{escape(self.alt)}"{smallest} src="data:image/png;base64,{self.image}">'


class Outputs:
    """The outputs of a lesson's notebook, by cell.

    Args:
        path: the notebook.
    """

    def __init__(self, path):
        self.number = path.name[:2]
        notebook = nbformat.read(path, as_version=4)
        self.cells = {cell.id: cell for cell in notebook.cells}

    def cell(self, name):
        """Return a cell."""
        if name not in self.cells:
            raise ValueError(f"cell must be one of the notebook's; got {name!r}")
        cell = self.cells[name]
        if cell.cell_type == "code" and not cell.outputs and cell.execution_count is None:
            raise ValueError(f"cell must have been run (`make notebooks` runs it); got {name!r}")
        return cell

    def outputs(self, cell):
        """Return the outputs of a cell; those that a guess has folded up, as they were before."""
        found = self.cell(cell).get("outputs", [])
        return [part for output in found for part in output.get("metadata", {}).get("folded", [output])]

    def text(self, cell):
        """Return all that the outputs of a cell say, tables without their tags."""
        parts = self._data(cell, "text/plain") + self._data(cell, "text/html")
        return unescape(re.sub(r"<[^>]+>", " ", "\n".join(parts)))

    def found(self, cell, pattern):
        """Return what a regular expression finds in the text of a cell: its first group, or all of the match."""
        found = re.search(pattern, self.text(cell))
        if not found:
            raise ValueError(f"pattern must be found in cell {cell!r}; got {pattern!r}")
        return found[1] if found.re.groups else found[0]

    def printed(self, cell, number=0):
        """Return what a cell printed, the first part if no other number is given."""
        return self._one(cell, "text/plain", number)

    def picture(self, cell, style="page"):
        """Return the first figure of a cell as a page shows it; for "slide" as it was drawn for slides, if it was."""
        image = self._one(cell, "image/png")
        output = next(output for output in self.outputs(cell) if "image/png" in output.get("data", {}))
        alt, slide = " ".join(output["data"]["text/plain"].split()), output["metadata"].get("slide")
        if style == "slide" and slide:
            return Picture(slide["image/png"], alt, slide["smallest_text"])
        return Picture(image.strip(), alt)

    def table_html(self, cell, number=0):
        """Return a table of a cell, the first if no other number is given, as it stands in the notebook."""
        tables = re.findall(r"<table.*?</table>", "".join(self._data(cell, "text/html")), re.DOTALL)
        if number >= len(tables):
            raise ValueError(f"cell must have a table {number}; {cell!r} has {len(tables)}")
        return tables[number]

    def table(self, cell, number=0):
        """Return a table of a cell as its caption and a list of rows, the headings first; all of it HTML."""
        table = self.table_html(cell, number)
        caption = re.search(r"<caption[^>]*>(.*?)</caption>", table, re.DOTALL)
        rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL)
        return caption[1] if caption else "", [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]

    def numbers(self, cell):
        """Return the columns of a table of numbers: {heading: numbers}."""
        _, (head, *body) = self.table(cell)
        columns = zip(*(map(float, row) for row in body), strict=True)
        return dict(zip(head, columns, strict=True))

    def _data(self, cell, kind):
        """Return what the outputs of a cell hold of one kind, printed text as text/plain."""
        outputs = self.outputs(cell)
        printed = [output["text"] for output in outputs if "text" in output]
        return (printed if kind == "text/plain" else []) + [
            output["data"][kind] for output in outputs if kind in output.get("data", {})
        ]

    def _one(self, cell, kind, number=0):
        found = self._data(cell, kind)
        if number >= len(found):
            raise ValueError(f"cell must have outputs of {kind}; {cell!r} has {len(found)}")
        return found[number]
