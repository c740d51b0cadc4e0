// Which data sources of a scene can be drawn from windows of their columns, and which have to be there whole.
// It looks at the scene's JSON and decides for the whole source wherever something might ask for single rows.
"use strict";
(() => {
  // For each glyph that a window draws as all rows would: its columns besides x.
  const GLYPHS = { Line: ["y"], Step: ["y"], VArea: ["y1", "y2"], VAreaStep: ["y1", "y2"] };

  const NUMBERS = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"];

  const TOOLS = new Set(
    ("PanTool WheelPanTool WheelZoomTool BoxZoomTool ZoomInTool ZoomOutTool ClickPanTool SaveTool ResetTool HelpTool " +
      "CrosshairTool UndoTool RedoTool FullscreenTool ExamineTool RangeTool").split(" "),
  );

  const SOURCE = ["data", "name", "tags", "selected", "selection_policy"];
  const OWN_GLYPHS = ["glyph", "nonselection_glyph", "selection_glyph", "hover_glyph", "muted_glyph"];
  const RENDERER = [
    ...OWN_GLYPHS, "data_source", "view", "muted", "visible", "level", "name", "tags", "x_range_name", "y_range_name",
  ];
  const RANGE = ["start", "end", "name", "tags", "range_padding", "range_padding_units", "flipped", "default_span",
    "bounds", "min_interval", "max_interval", "reset_start", "reset_end"];

  // Who may refer to a renderer besides its figure.
  const BESIDES = ["LegendItem", "HoverTool"];

  // What a tooltip may show besides columns; an index would be that of a row of the window.
  const SEEN = new Set(["x", "y", "sx", "sy", "data_x", "data_y", "name", "color", "swatch"]);

  const isModel = (value) => value?.type === "object" && typeof value.id === "string";
  const only = (attributes, allowed) => Object.keys(attributes).every((name) => allowed.includes(name));
  const all = (values, same = values[0]) => values.every((value) => value === same);

  // The models of a scene by id, and which models refer to each.
  class Graph {
    constructor(scene) {
      this.models = new Map();
      this.owners = new Map();
      this.walk(scene.roots, null);
      this.walk(scene.callbacks, null);
    }

    walk(value, owner) {
      if (value === null || typeof value !== "object") return;
      const reference = !Array.isArray(value) && Object.keys(value).length === 1 && typeof value.id === "string";
      if (isModel(value) || reference) this.refer(value.id, owner);
      if (isModel(value)) this.models.set(value.id, value);
      const parts = isModel(value) ? (value.attributes ?? {}) : value;
      for (const part of Object.values(parts)) this.walk(part, isModel(value) ? value.id : owner);
    }

    refer(id, owner) {
      if (!this.owners.has(id)) this.owners.set(id, new Set());
      this.owners.get(id).add(owner);
    }

    model(value) {
      return this.models.get(value?.id);
    }

    attributes(value) {
      return this.model(value)?.attributes ?? {};
    }

    ownersOf(model) {
      return [...(this.owners.get(model.id) ?? [])].map((id) => this.models.get(id));
    }

    some(test) {
      return [...this.models.values()].some(test);
    }
  }

  const entriesOf = (map) => new Map(map?.type === "map" ? map.entries : Object.entries(map ?? {}));

  // The names of the columns that a glyph takes; null when it takes others than a window has.
  function fieldsOf({ name, attributes = {} }) {
    if (!Object.hasOwn(GLYPHS, name)) return null;
    const fields = { ys: [] };
    for (const [property, value] of Object.entries(attributes)) {
      if (value === null || typeof value !== "object" || Array.isArray(value)) continue;
      if ("transform" in value || "expr" in value) return null;
      if (!("field" in value)) continue;
      if (property === "x") fields.x = value.field;
      else if (GLYPHS[name].includes(property)) fields.ys.push(value.field);
      else return null;
    }
    return fields.x && fields.ys.length ? fields : null;
  }

  class Planner {
    constructor(scene, rows) {
      this.graph = new Graph(scene);
      this.rows = rows;
    }

    plan() {
      if (this.graph.some(({ name }) => name === "CustomJS")) return [];
      const sources = [...this.graph.models.values()].filter(({ name }) => name === "ColumnDataSource");
      return sources.flatMap((source) => this.groups(source));
    }

    // What is to be known of a source that windows can be drawn of: its columns, by whom and where they are drawn.
    // Figures that see other ranges of it, as an overview does, need other windows: a group for each range.
    groups(source) {
      const { graph } = this;
      const attributes = source.attributes ?? {};
      const { indices = [], line_indices = [] } = graph.attributes(attributes.selected);
      if (!only(attributes, SOURCE) || indices.length || line_indices.length) return [];
      const uses = graph.ownersOf(source).map((owner) => this.use(owner));
      if (!uses.length || !uses.every(Boolean)) return [];
      const ranges = [...new Set(uses.map(({ range }) => range))];
      const groups = ranges.map((range) => this.group(source, range, uses.filter((use) => use.range === range)));
      return groups.every(Boolean) ? groups : [];
    }

    group(source, range, uses) {
      if (!all(uses.map((use) => use.x))) return null;
      const data = entriesOf(source.attributes.data);
      const names = [...new Set(uses.flatMap((use) => [use.x, ...use.ys]))];
      const columns = names.map((name) => ({ name, hash: this.hashOf(data.get(name)) }));
      if (!columns.every((column) => column.hash) || !all(names.map((name) => data.get(name).shape[0]))) return null;
      return { source, columns, uses, range };
    }

    hashOf(value) {
      const long = value?.type === "ndarray" && value.shape?.length === 1 && value.shape[0] >= this.rows;
      const id = value?.array?.data?.id;
      return long && NUMBERS.includes(value.dtype) && typeof id === "string" ? id : null;
    }

    use(renderer) {
      const { graph } = this;
      const attributes = renderer?.attributes ?? {};
      if (renderer?.name !== "GlyphRenderer" || !only(attributes, RENDERER)) return null;
      if ((attributes.x_range_name ?? "default") !== "default" || !this.isPlainView(attributes.view)) return null;
      const glyphs = OWN_GLYPHS.map((name) => graph.model(attributes[name])).filter(Boolean);
      const fields = glyphs.map(fieldsOf);
      if (!fields.length || !fields.every(Boolean) || !all(fields.map(({ x }) => x))) return null;
      const ys = [...new Set(fields.flatMap((field) => field.ys))];
      const place = this.place(renderer, attributes.y_range_name ?? "default");
      if (!place || !this.needNoRows(place.tools, [fields[0].x, ...ys])) return null;
      return { renderer, x: fields[0].x, ys, y_range_name: attributes.y_range_name ?? "default", ...place };
    }

    isPlainView(view) {
      const { filter, ...others } = this.graph.attributes(view);
      return Object.keys(others).length === 0 && (!filter || this.graph.model(filter)?.name === "AllIndices");
    }

    // The one figure in which a renderer stands, with its ranges; null where these are others than numbers.
    place(renderer, y_range_name) {
      const owners = this.graph.ownersOf(renderer);
      const figures = owners.filter((owner) => ["Figure", "Plot"].includes(owner?.name));
      const rest = owners.filter((owner) => !figures.includes(owner));
      if (figures.length !== 1 || !rest.every((owner) => BESIDES.includes(owner?.name))) return null;
      if (rest.some((item) => item.attributes?.label?.field)) return null;
      const [figure] = figures;
      const { x_range, y_range, x_scale, y_scale, extra_y_ranges, extra_y_scales, window_axis, toolbar } =
        figure.attributes ?? {};
      const range = this.graph.model(x_range);
      const other = y_range_name !== "default";
      const y = this.graph.model(other ? entriesOf(extra_y_ranges).get(y_range_name) : y_range);
      const scale = this.scaleOf(other ? entriesOf(extra_y_scales).get(y_range_name) : y_scale);
      if (this.scaleOf(x_scale) !== "LinearScale" || !["LinearScale", "LogScale"].includes(scale)) return null;
      if (![range, y].every((one) => this.isNumeric(one)) || (window_axis ?? "none") !== "none") return null;
      if (y.name === "DataRange1d" && scale === "LogScale") return null;
      const tools = (this.graph.attributes(toolbar).tools ?? []).map((tool) => this.graph.model(tool));
      return { figure, range, y, tools };
    }

    scaleOf(scale) {
      return scale ? this.graph.model(scale)?.name : "LinearScale";
    }

    isNumeric(range) {
      return ["Range1d", "DataRange1d"].includes(range?.name) && only(range.attributes ?? {}, RANGE);
    }

    // Whether tools need nothing of single rows. (A tooltip of a window has values of real rows.)
    needNoRows(tools, columns) {
      return tools.every((tool) => TOOLS.has(tool?.name) || (tool?.name === "HoverTool" && this.hovers(tool, columns)));
    }

    hovers({ attributes = {} }, columns) {
      const { tooltips, formatters } = attributes;
      if (tooltips === undefined || (tooltips !== null && !Array.isArray(tooltips) && typeof tooltips !== "string"))
        return false;
      if (this.graph.some(({ name }) => name === "CustomJSHover") || isModel(formatters)) return false;
      const names = JSON.stringify(tooltips ?? "").matchAll(/([@$])(?:\{([^}]*)\}|([\w]+))/g);
      return [...names].every(([, kind, braced, plain]) =>
        kind === "$" ? SEEN.has(braced ?? plain) : columns.includes(braced ?? plain),
      );
    }
  }

  // `rows`: a column of fewer is loaded whole.
  self.bokehCloudPlan = (scene, rows) => new Planner(scene, rows).plan();
})();
