# publishes: document_by_hand
from bokeh.document import Document
from bokeh.embed import file_html
from bokeh.models import Div
from bokeh.resources import INLINE

doc = Document()
doc.add_root(Div(text="<b>Hello</b>"))
assert "Hello" in file_html(doc, INLINE, "Hello")
