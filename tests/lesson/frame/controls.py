"""Finding the controls of a widget, as its reader would: by kind and by the name beside them."""


def find(widget, kind, description=""):
    """Return all controls of a kind inside a widget whose description begins so."""
    inside = [found for child in getattr(widget, "children", ()) for found in find(child, kind, description)]
    return inside + ([widget] if isinstance(widget, kind) and widget.description.startswith(description) else [])
