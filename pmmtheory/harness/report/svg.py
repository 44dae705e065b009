"""A figure as SVG inside an HTML page: text stays text, colours follow the page, and no name is used twice."""

from __future__ import annotations

import re
from html import escape
from io import StringIO

import matplotlib
from matplotlib.figure import Figure

from pmmtheory.harness.figures import style

_FOLLOW = {style.INK: "currentColor", "#000000": "currentColor", "#ffffff": "var(--paper)", style.LIGHT: "var(--line)", style.FAINT: "var(--faint)"}
"""Colours of the theme, and what they are in the page."""


def inline(figure: Figure, name: str, words: str) -> str:
    """The <svg> element.

    Parameters
    ----------
    figure : Figure
    name : str
        A word that no other figure of the page has: it goes before every id.
    words : str
        What is seen, for those who do not see it.
    """
    figure.patch.set_visible(False)
    for panel in figure.findobj(matplotlib.axes.Axes):
        panel.patch.set_visible(False)
    for part in figure.subfigs:
        part.patch.set_visible(False)
    buffer = StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    box = re.search(r'viewBox="([^"]+)"', text)
    body = text[text.index(">") + 1 :]
    for colour, follows in _FOLLOW.items():
        body = body.replace(colour, follows)
    body = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', body)
    body = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", body).replace("xlink:href", "href")
    return f'<svg class="figure" role="img" aria-label="{escape(words)}" viewBox="{box[1] if box else ""}">{body.strip()}'
