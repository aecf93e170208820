"""A figure as SVG that can stand inline in a page beside others."""

from __future__ import annotations

import hashlib
import re
import warnings
from io import BytesIO
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from analyzer.plots import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMESPACE = "http://www.w3.org/2000/svg"
FONTS = "system-ui, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif"
NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
PALETTE = {style.INK: "ink", style.GREY: "soft", style.FAINT: "line", "#ffffff": "paper"}
"""The custom properties of the page that these colours follow, so that a dark page has a dark plot."""
_COLOUR = re.compile("|".join(PALETTE), re.IGNORECASE)
_DIGITS = re.compile(r"-?\d+\.\d{3,}")
_NUMBERED = frozenset({"d", "x", "y", "width", "height", "transform", "points"})
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_FONT = re.compile(r"'DejaVu Sans'[^;\"]*")


def inline(figure: Figure) -> str:
    """The figure as it stands in a page: an `<svg>` element, or a `<p>` where it only says why there is nothing."""
    if figure.axes:
        return svg(figure)
    paragraph = ET.Element("p")
    paragraph.text = style.told(figure)
    return ET.tostring(paragraph, encoding="unicode")


def svg(figure: Figure) -> str:
    """The figure as an `<svg>` element: the same bytes for the same figure, ids of its own, nothing to be fetched."""
    written = _written(figure)
    prefix = "f" + hashlib.blake2b(written, digest_size=4).hexdigest() + "-"
    root = ET.fromstring(written)  # noqa: S314 - it was written two lines above
    for parent in list(root.iter()):
        for child in list(parent):
            if _local(child.tag) in {"metadata", "style"}:
                parent.remove(child)
    for element in root.iter():
        _rewrite(element, prefix)
    for element in root.iter("g"):
        _share_style(element)
    root.set("xmlns", NAMESPACE)
    root.set("role", "img")
    root.set("aria-label", style.told(figure))
    root.set("style", "stroke-linejoin: round; stroke-linecap: butt; max-width: 100%; height: auto")
    return ET.tostring(root, encoding="unicode")


def _written(figure: Figure) -> bytes:
    """What matplotlib writes, the same for the same figure."""
    import matplotlib as mpl

    stream = BytesIO()
    with mpl.rc_context({"svg.hashsalt": "ocpp-analyzer", "svg.fonttype": "none"}), warnings.catch_warnings():
        # The page has the reader's fonts: what is missing in matplotlib's own is no fault of the plot.
        warnings.filterwarnings("ignore", "(?s).*Glyph .* missing from", UserWarning)
        figure.savefig(stream, format="svg", facecolor="none", metadata=NO_METADATA)
    return stream.getvalue()


def _rewrite(element: ET.Element, prefix: str) -> None:
    """Take namespaces off, make ids the figure's own, numbers short and colours the page's."""
    element.tag = _local(element.tag)
    attributes = {_local(name): value for name, value in element.attrib.items()}
    element.attrib.clear()
    for name, value in attributes.items():
        element.set(name, _value(name, value, prefix))


def _value(name: str, value: str, prefix: str) -> str:
    if name == "id":
        return prefix + value
    if name == "href":
        return f"#{prefix}{value.removeprefix('#')}"
    if name in _NUMBERED:
        return _DIGITS.sub(_rounded, " ".join(value.split()))
    value = _FONT.sub(FONTS, _REFERENCE.sub(rf"url(#{prefix}\1)", value))
    return _COLOUR.sub(_themed, value) if name == "style" else value


def _themed(match: re.Match[str]) -> str:
    colour = match[0].lower()
    return f"var(--{PALETTE[colour]}, {colour})"


def _share_style(group: ET.Element) -> None:
    """Say the style of many equal marks once."""
    styles = {mark.get("style") for mark in group.findall("use")}
    if len(styles) == 1 and len(group) == len(group.findall("use")) > 1 and (style_ := styles.pop()):
        group.set("style", style_)
        for mark in group:
            del mark.attrib["style"]


def _rounded(match: re.Match[str]) -> str:
    """A coordinate to a hundredth of a point, which nobody can see."""
    return f"{float(match[0]):.2f}".rstrip("0").rstrip(".")


def _local(name: str) -> str:
    return name.rpartition("}")[2]
