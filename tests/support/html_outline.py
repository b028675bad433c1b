"""An HTML page read strictly: every element closed, attributes and text kept."""

from html.parser import HTMLParser

VOID = {"meta", "input", "br", "img", "link", "hr"}
SHAPES = {"path", "line", "rect", "polyline", "circle"}


class Outline(HTMLParser):
    """Every element with its attributes, and whether tags are closed in the order in which they were opened."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.text = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in SHAPES
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.text.append(text)

    def all(self, tag):
        return [attributes for found, attributes in self.elements if found == tag]
