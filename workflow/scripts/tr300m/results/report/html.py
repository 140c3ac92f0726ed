"""Pages of the report: Markdown to one HTML file each, which includes its style and refers to no other file."""

import re
from html import escape

from markdown_it import MarkdownIt

# Snakemake's report shows a page in a separate frame, which inherits no style.
_PAGE_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 1.5rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
p, ul { max-width: 60rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0; }
th, td { padding: 0.3rem 0.5rem; border-bottom: 1px solid #ddd; vertical-align: top; text-align: left; }
th { position: sticky; top: 0; background: #f3f4f6; vertical-align: bottom; }
td { overflow-wrap: anywhere; min-width: 5.5rem; max-width: 42rem; }
td:first-child { min-width: 10rem; }
td:not([style]):not(:first-child):last-child { min-width: 15rem; }
tbody tr:hover { background: #f7fafc; }
.interval { display: block; color: #555; font-size: 0.82rem; white-space: nowrap; }
p > strong:first-child { background: #fff3bf; padding: 0.1rem 0.3rem; }
"""
_BRACKETED_INTERVAL = re.compile(r" (\[[^\]<]+ to [^\]<]+\])")


def page(title: str, text: str) -> str:
    """Return a complete HTML page.

    Parameters
    ----------
    title
        Heading above the text.
    text
        Markdown (CommonMark) with tables. HTML in it is shown as text.

    Returns
    -------
    str
        HTML that refers to no other file. Intervals in square brackets are placed below their values.
    """
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    body = _BRACKETED_INTERVAL.sub(r'<span class="interval">\1</span>', body)
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_PAGE_STYLE}</style>'
    content = f"<h1>{escape(title)}</h1>\n{body}"
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{content}</body></html>\n'
