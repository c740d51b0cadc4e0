import assert from "node:assert/strict";
import { test } from "node:test";
import { planWindows } from "../../bokeh_web/static/frame/windows/window_planner.js";
import { column, field, lineModels, mapOf, model } from "./support.js";

/** @typedef {ReturnType<typeof lineModels>} Models */

const MIN_ROWS = 1000;

/**
 * Plan the windows of a figure with one line, after a change.
 * @param {(models: Models) => void} change
 */
function planAfter(change) {
  const models = lineModels();
  change(models);
  return planWindows(models.scene, MIN_ROWS);
}

test("a long line is drawn from windows", () => {
  const { scene, source, renderer, figure } = lineModels();
  const [plan, ...others] = planWindows(scene, MIN_ROWS);
  assert.equal(others.length, 0);
  assert.equal(plan.source, source);
  assert.equal(plan.range, figure.attributes.x_range);
  assert.deepEqual(plan.columns, [
    { name: "x", hash: "hash-x" },
    { name: "y", hash: "hash-y" },
  ]);
  assert.deepEqual(plan.uses, [
    { renderer, x: "x", ys: ["y"], yRangeName: "default", figure, range: plan.range, isLogarithmic: false },
  ]);
});

/** @type {Record<string, (models: Models) => void>} */
const POSSIBLE = {
  "an area": ({ glyph, source }) => {
    glyph.name = "VArea";
    glyph.attributes = { x: field("x"), y1: field("y"), y2: field("z") };
    source.attributes.data = mapOf({ x: column("hash-x"), y: column("hash-y"), z: column("hash-z") });
  },
  "a glyph for what is selected": ({ renderer }) => {
    renderer.attributes.nonselection_glyph = model("Line", "other", {
      x: field("x"),
      y: field("y"),
      line_alpha: 0.1,
    });
  },
  "a logarithmic y of fixed ends": ({ figure }) => {
    figure.attributes.y_scale = model("LogScale", "log");
    figure.attributes.y_range = model("Range1d", "fixed", { start: 1, end: 10 });
  },
  "a second y": ({ figure, renderer }) => {
    renderer.attributes.y_range_name = "other";
    figure.attributes.extra_y_ranges = mapOf({ other: model("Range1d", "second") });
  },
  "a glyph whose columns have their default names": ({ glyph }) => {
    glyph.attributes = {};
  },
  "a column in a map": ({ glyph }) => {
    glyph.attributes.y = mapOf({ field: "y" });
  },
  "a colour for all rows": ({ glyph }) => {
    glyph.attributes.line_color = { type: "value", value: "red" };
    glyph.attributes.line_alpha = mapOf({ value: 0.5 });
    glyph.attributes.line_dash = [6, 3];
  },
  "ranges, scales and a toolbar without attributes": ({ figure }) => {
    figure.attributes.x_range = { type: "object", name: "Range1d", id: "x-range" };
    figure.attributes.x_scale = undefined;
    figure.attributes.y_scale = { type: "object", name: "LinearScale", id: "y-scale" };
    figure.attributes.toolbar = undefined;
  },
  "a selection of no rows": ({ source }) => {
    source.attributes.selected = model("Selection", "selection", { indices: [] });
  },
  "a tooltip of its columns": ({ tools }) => {
    tools.push(
      model("HoverTool", "hover", {
        tooltips: [
          ["value", "@y at $x"],
          ["same", "@{x}{0.0}"],
        ],
      }),
    );
  },
  "a legend": ({ scene }) => {
    /** @type {unknown[]} */ (scene.roots).push(
      model("Legend", "legend", {
        items: [model("LegendItem", "item", { renderers: [{ id: "renderer" }] })],
      }),
    );
  },
};

for (const [name, change] of Object.entries(POSSIBLE))
  test(`${name} can be drawn from windows`, () => {
    assert.equal(planAfter(change).length, 1);
  });

/** @type {Record<string, (models: Models) => void>} */
const IMPOSSIBLE = {
  "a short line": ({ source }) => {
    source.attributes.data = mapOf({ x: column("a", MIN_ROWS - 1), y: column("b", MIN_ROWS - 1) });
  },
  "columns of unequal length": ({ source }) => {
    source.attributes.data = mapOf({ x: column("a", MIN_ROWS), y: column("b", MIN_ROWS + 1) });
  },
  "a column without an array": ({ source }) => {
    source.attributes.data = mapOf({ x: column("a"), y: [1, 2, 3] });
  },
  "a column of other numbers": ({ source }) => {
    source.attributes.data = mapOf({ x: column("a"), y: column("b", MIN_ROWS, "int64") });
  },
  "circles, each of which is seen": ({ glyph }) => {
    glyph.name = "Scatter";
  },
  "a colour for each row": ({ glyph }) => {
    glyph.attributes.line_color = field("colour");
  },
  "a colour for each row in a map": ({ glyph }) => {
    glyph.attributes.line_color = mapOf({ field: "colour" });
  },
  "a decoration of the line": ({ glyph }) => {
    glyph.attributes.decorations = [model("Decoration", "arrow")];
  },
  "an area whose other edge is another column, by its default": ({ glyph }) => {
    glyph.name = "VArea";
    glyph.attributes = { x: field("x"), y2: field("y") };
  },
  "a column whose bytes are in another order": ({ source }) => {
    source.attributes.data = mapOf({ x: column("a"), y: { ...column("b"), order: "big" } });
  },
  "rows selected by an array": ({ source }) => {
    source.attributes.selected = model("Selection", "selection", { indices: column("c", 1, "int32") });
  },
  "tools that are no list": ({ figure }) => {
    figure.attributes.toolbar.attributes.tools = column("tools");
  },
  "renderers that are no list": ({ figure, renderer }) => {
    figure.attributes.renderers = { type: "set", entries: [renderer] };
  },
  "a second y that takes its logarithmic scale from the figure": ({ figure, renderer }) => {
    renderer.attributes.y_range_name = "other";
    figure.attributes.extra_y_ranges = mapOf({ other: model("DataRange1d", "second") });
    figure.attributes.y_scale = model("LogScale", "log");
  },
  "a transformed column": ({ glyph }) => {
    glyph.attributes.y = { ...field("y"), transform: model("Jitter", "jitter") };
  },
  "selected rows": ({ source }) => {
    source.attributes.selected = model("Selection", "selection", { indices: [1] });
  },
  "a callback on the source": ({ source }) => {
    source.attributes.js_property_callbacks = mapOf({ "change:data": [] });
  },
  "any JavaScript": ({ scene }) => {
    /** @type {unknown[]} */ (scene.roots).push(model("CustomJS", "code"));
  },
  "a filtered view": ({ renderer }) => {
    renderer.attributes.view = model("CDSView", "some", { filter: model("IndexFilter", "index") });
  },
  "a table of the source": ({ scene }) => {
    /** @type {unknown[]} */ (scene.roots).push(model("DataTable", "table", { source: { id: "source" } }));
  },
  "a tool that selects rows": ({ tools }) => {
    tools.push(model("BoxSelectTool", "select"));
  },
  "a tooltip of another column": ({ tools }) => {
    tools.push(model("HoverTool", "hover", { tooltips: [["value", "@other"]] }));
  },
  "a tooltip of the row's index": ({ tools }) => {
    tools.push(model("HoverTool", "hover", { tooltips: [["row", "$index"]] }));
  },
  "a tooltip that BokehJS chooses": ({ tools }) => {
    tools.push(model("HoverTool", "hover"));
  },
  "a logarithmic x": ({ figure }) => {
    figure.attributes.x_scale = model("LogScale", "log");
  },
  "a logarithmic y that follows the data": ({ figure }) => {
    figure.attributes.y_scale = model("LogScale", "log");
  },
  categories: ({ figure }) => {
    figure.attributes.x_range = model("FactorRange", "factors");
  },
  "a range that follows some renderers only": ({ figure }) => {
    figure.attributes.y_range.attributes.renderers = [{ id: "renderer" }];
  },
  "a y that follows what is seen": ({ figure }) => {
    figure.attributes.window_axis = "x";
  },
  "a renderer of two figures": ({ scene }) => {
    /** @type {unknown[]} */ (scene.roots).push(
      model("Figure", "second", { renderers: [{ id: "renderer" }] }),
    );
  },
  "a legend with an entry for each row": ({ scene }) => {
    const item = model("LegendItem", "item", { renderers: [{ id: "renderer" }], label: field("y") });
    /** @type {unknown[]} */ (scene.roots).push(item);
  },
};

for (const [name, change] of Object.entries(IMPOSSIBLE))
  test(`not from windows: ${name}`, () => {
    assert.deepEqual(planAfter(change), []);
  });

test("lines of one source need other windows, since each has rows of its own", () => {
  const { scene, figure, source } = lineModels();
  source.attributes.data = mapOf({ x: column("hash-x"), y: column("hash-y"), z: column("hash-z") });
  const glyph = model("Line", "other", { x: field("x"), y: field("z") });
  figure.attributes.renderers.push(
    model("GlyphRenderer", "second", { data_source: { id: "source" }, glyph }),
  );
  const plans = planWindows(scene, MIN_ROWS);
  assert.deepEqual(
    plans.map(({ columns }) => columns.map(({ name }) => name)),
    [
      ["x", "y"],
      ["x", "z"],
    ],
  );
});

test("figures with other ranges need other windows of a source", () => {
  const { scene, glyph, figure } = lineModels();
  const second = model("GlyphRenderer", "second", { data_source: { id: "source" }, glyph: { id: glyph.id } });
  const overview = model("Figure", "overview", {
    ...figure.attributes,
    x_range: model("Range1d", "fixed", { start: 0, end: 1 }),
    renderers: [second],
    toolbar: model("Toolbar", "none"),
  });
  scene.roots.push(overview);
  const plans = planWindows(scene, MIN_ROWS);
  assert.deepEqual(
    plans.map(({ source, range }) => [source.id, range.id]),
    [
      ["source", "x-range"],
      ["source", "fixed"],
    ],
  );
});
