"""Run notebooks again and save them without what changes from run to run: `make notebooks`.

Kept: sources, cell ids, tags, outputs. Made alike: execution counts. Dropped: time stamps, widget states (their ids are
random) and the kernel's own description of itself. A re-run without a change then differs in measured figures only.
Each figure goes into its output's metadata once more, as slides need it. The picture of a cell tagged `readme-picture`
is saved beside the notebook under the cell's id, for the README.

    python -m pruning_lab.lesson.frame.refresh [NOTEBOOK ...]     all in notebooks/ if none is named
"""

import base64
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from pruning_lab.lesson.frame.view import VIEW
from pruning_lab.places import NOTEBOOKS

KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


def refresh(path):
    """Run the notebook in its own folder and write it back; a cell that fails stops everything, nothing is written."""
    notebook = nbformat.read(path, as_version=4)
    os.environ |= {"PRUNING_LAB_UNATTENDED": "1", "PRUNING_LAB_FOR_SLIDES": "1", "TQDM_DISABLE": "1"}
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}).execute()
    nbformat.write(strip(notebook), path)
    for cell in notebook.cells:
        if "readme-picture" in cell.metadata.get("tags", []):
            path.with_name(f"{cell.id}.png").write_bytes(picture_of(cell))


def picture_of(cell):
    """Return the first PNG among a cell's outputs."""
    pictures = [output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {})]
    return base64.b64decode(pictures[0])


def strip(notebook):
    """Remove what changes from run to run, in place, and return the notebook."""
    notebook.metadata = nbformat.from_dict(KERNEL | {"language_info": {"name": "python"}})
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({"tags": cell.metadata.tags} if cell.metadata.get("tags") else {})
        if cell.cell_type != "code":
            continue
        # nbval takes a cell without a count for one that never ran.
        cell.execution_count = 1
        cell.outputs = _joined(cell.outputs)
        for output in cell.outputs:
            output.pop("execution_count", None)
            if output.output_type == "execute_result":
                output.execution_count = None
            output.get("data", {}).pop(VIEW, None)
    return notebook


def _joined(outputs):
    """Return outputs with what was printed in a row as one: where a kernel cuts it depends on how busy it was."""
    joined = []
    for output in outputs:
        if joined and output.output_type == "stream" and joined[-1].get("name") == output.name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def main(names):
    """Refresh the notebooks of these names, or all if there is none."""
    for path in map(Path, names or sorted(NOTEBOOKS.glob("*.ipynb"))):
        print(f"running {path}", flush=True)
        refresh(path)


if __name__ == "__main__":
    main(sys.argv[1:])
