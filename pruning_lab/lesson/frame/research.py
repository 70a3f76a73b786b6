"""The research room: choose an object of the lesson, ask a question about it, plan one next action; save it all."""

import ipywidgets

from pruning_lab.lesson.frame import journal
from pruning_lab.lesson.frame.claims import load_claims, load_sources
from pruning_lab.lesson.frame.download import link
from pruning_lab.lesson.frame.view import message, noted, show_widget, whole, wide

KINDS = ("concept", "equation", "source", "code", "claim", "misconception", "demo state")


def research_room(lesson, objects):
    """Show the room, with the notes saved earlier. Sources and claims are filled in from the lesson.

    Args:
        lesson: the lesson's number, such as "01".
        objects: {kind: [object, ...]} for all kinds in KINDS except source and claim.

    Raises:
        ValueError: a kind that is not in KINDS, or one without objects.
    """
    claims = load_claims(lesson)
    cited = dict.fromkeys(key for claim in claims for key in claim["sources"])
    sources = load_sources()
    objects = {
        **objects,
        "source": [sources[key][0] for key in cited],
        "claim": [claim["statement"] for claim in claims],
    }
    if set(objects) != set(KINDS) or not all(objects.values()):
        raise ValueError(
            f"objects must have entries of each kind {KINDS}; got { ({k: len(v) for k, v in objects.items()}) }"
        )
    room = _Room(lesson, objects, [sources[key] for key in cited])
    kinds = "\n".join("\n- ".join([f"{kind}:", *objects[kind]]) for kind in KINDS)
    text = f"Choose one object, write a question, the evidence to inspect, one next action.\n{kinds}"
    show_widget(room.box, text, about=f"research room of lesson {lesson}")


class _Room:
    """The controls of the research room, and what happens when they are used."""

    def __init__(self, lesson, objects, cited):
        self.lesson, self.objects, self.cited = lesson, objects, cited
        self.kind = wide(ipywidgets.Dropdown, options=KINDS, description="Kind of object:")
        self.object = wide(ipywidgets.Dropdown, options=objects[KINDS[0]], description="Object:")
        self.question = wide(ipywidgets.Textarea, rows=2, description="My question:")
        self.evidence = wide(ipywidgets.Textarea, rows=2, description="Evidence to inspect:")
        self.action = wide(ipywidgets.Textarea, rows=2, description="One next action:")
        self.save = ipywidgets.Button(description="Save note", button_style="primary")
        self.export = ipywidgets.Button(description="Write my journal as Markdown", layout={"width": "auto"})
        self.status = ipywidgets.HTML(message(f"Notes are kept in {journal.journal_path()}, on this computer only."))
        self.saved = ipywidgets.HTML()
        self.tutor = wide(ipywidgets.Textarea, rows=8, description="Text to copy for a tutor:")
        self.kind.observe(lambda change: setattr(self.object, "options", objects[change["new"]]), "value")
        self.save.on_click(self._on_save)
        self.export.on_click(self._on_export)
        for control in (self.object, self.question, self.evidence, self.action):
            control.observe(self._write_tutor_text, "value")
        self._write_tutor_text()
        self._show_saved()
        controls = [self.kind, self.object, self.question, self.evidence, self.action]
        buttons = ipywidgets.HBox([self.save, self.export])
        self.box = ipywidgets.VBox([*controls, buttons, self.status, self.saved, self.tutor])

    def _note(self):
        return {
            "lesson": self.lesson,
            "object_kind": self.kind.value,
            "object": self.object.value,
            "question": self.question.value.strip(),
            "evidence": self.evidence.value.strip(),
            "next_action": self.action.value.strip(),
        }

    def _on_save(self, _button):
        if not self.question.value.strip():
            self.status.value = message("Write a question first; then save.")
            return
        self.status.value = noted("note", **self._note())
        self._show_saved()

    def _on_export(self, _button):
        try:
            written = journal.export()
            self.status.value = message(f"Written to {written}.") + link(written.name, written.read_bytes())
        except (journal.JournalError, OSError) as error:
            self.status.value = message(f"Not written: {error}")

    def _show_saved(self):
        try:
            entries = journal.read()
        except journal.JournalError as error:
            self.saved.value = message(str(error))  # beside the outcome of saving, not in its place
            return
        notes = [entry for entry in entries if entry["kind"] == "note" and entry.get("lesson") == self.lesson]
        lines = [
            f"{note['saved'][:10]} · {note['object']}\n   {note['question']} → {note['next_action']}" for note in notes
        ]
        self.saved.value = message("Your notes on this lesson:\n" + "\n".join(lines)) if lines else ""

    def _write_tutor_text(self, _change=None):
        note = self._note()
        sources = "\n".join(f"- {text} ({link})" for text, link in self.cited)
        self.tutor.value = whole(
            f"I am working through lesson {self.lesson} of a course on neural-network pruning.\n"
            f"The {note['object_kind']} I am looking at: {note['object']}\n"
            f"My question: {note['question'] or '(write it above)'}\n"
            f"Evidence I have looked at or will look at: {note['evidence'] or '(write it above)'}\n"
            f"My next action: {note['next_action'] or '(write it above)'}\n"
            f"Sources the lesson rests on:\n{sources}\n"
            "Please do not give me the answer. Ask me one question that brings me closer, and say which source or "
            "measurement would settle it."
        )
