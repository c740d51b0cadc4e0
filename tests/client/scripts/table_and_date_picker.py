# publishes: table_and_date_picker
from datetime import date

from bokeh.layouts import column
from bokeh.models import ColumnDataSource, DataTable, DateFormatter, DatePicker, TableColumn
from bokeh.plotting import show

data = ColumnDataSource({"dates": [date(2014, 3, i + 1) for i in range(10)], "downloads": list(range(10))})
columns = [
    TableColumn(field="dates", title="Date", formatter=DateFormatter()),
    TableColumn(field="downloads", title="Downloads"),
]
show(column(DatePicker(title="When"), DataTable(source=data, columns=columns, width=400, height=280)))
