// Keeps a plot as it is on the server while somebody looks at it: new data are put in place, so that zoom and
// selection stay; a new version makes the frame load anew, with the same zoom.
"use strict";
(() => {
  const cloud = window.bokehCloud;
  const { note } = cloud;
  const [RETRY, MOST, ANSWER] = [3000, 60000, 5000]; // milliseconds
  const GONE = [403, 404, 410]; // whoever may not see the plot any more need not ask again

  // What fetches a data source anew, by its model's id, where the frame shows something else than its whole columns.
  cloud.reloaders = new Map();

  // The columns of each data source of a scene: {id: [[name, hashes and types], ...]}.
  function sourcesOf(value, found = new Map()) {
    if (value === null || typeof value !== "object") return found;
    const entries = value.type === "object" && value.attributes?.data?.entries;
    if (value.id && Array.isArray(entries)) found.set(value.id, entries);
    for (const item of Object.values(value)) sourcesOf(item, found);
    return found;
  }

  const marksOf = (entries) => new Map(entries.map(([name, value]) => [name, JSON.stringify(value)]));

  // This runs before `show` takes the scene apart.
  const known = cloud.loaded.then(([scene]) => new Map([...sourcesOf(scene)].map(([id, e]) => [id, marksOf(e)])));

  async function replace({ doc }, id, entries, before) {
    const changed = entries.filter(([name, value]) => before.get(name) !== JSON.stringify(value));
    const same = entries.length === before.size && entries.every(([name]) => before.has(name));
    const wanted = same ? changed : entries;
    const hashes = [...cloud.columnsOf(wanted)];
    const columns = new Map(hashes.length ? await cloud.fetchBatch(hashes) : []);
    const assembler = new cloud.Assembler(columns);
    const data = { type: "map", entries: assembler.assemble(wanted) };
    const cols = same ? wanted.map(([name]) => name) : null;
    const event = { kind: "ColumnDataChanged", model: { id }, attr: "data", data, cols };
    doc.apply_json_patch({ events: [event] }, assembler.buffers);
  }

  async function refresh() {
    const [drawn, before, scene] = await Promise.all([cloud.shown, known, cloud.fetchScene()]);
    for (const [id, entries] of sourcesOf(scene)) {
      const marks = marksOf(entries);
      const old = before.get(id);
      if (!old || !drawn.doc.get_model_by_id(id) || JSON.stringify([...old]) === JSON.stringify([...marks])) continue;
      const reload = cloud.reloaders.get(id);
      await drawn.looker.following(() => (reload ? reload(entries) : replace(drawn, id, entries, old)));
      before.set(id, marks);
    }
  }

  const actions = { data: refresh, version: ({ version }) => cloud.renew(version) };

  // Of server-sent events: blocks of "field: value" lines, and an empty line after each.
  async function* blocks(response) {
    let text = "";
    for (const reader = response.body.pipeThrough(new TextDecoderStream()).getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (text + value).split("\n\n");
      text = parts.pop();
      for (const part of parts) yield Object.fromEntries(part.split("\n").map((line) => line.split(/: ?(.*)/s, 2)));
    }
  }

  // A page with many plots would soon have no connection left for anything else: among others, it asks now and then.
  const alone = () => cloud.hosted || parent === window;

  let state = note.state;

  // Listens until the stream ends; returns when to come again.
  async function listen(signal) {
    let pause = RETRY;
    const query = new URLSearchParams({ since: state, wait: alone() ? "1" : "0" });
    for await (const { event, id, data, retry } of blocks(await cloud.request(`${note.events}?${query}`, { signal }))) {
      if (retry) pause = Number(retry);
      if (Object.hasOwn(actions, event ?? "")) await actions[event](JSON.parse(data));
      if (id) state = id; // once it is done: what fails is heard of again
    }
    return pause;
  }

  const looked = () =>
    document.hidden ? new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true })) : null;

  const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  // The page of a plot says what it is soon after the plot is drawn; nobody else does. Nothing is missed by waiting.
  async function introduced() {
    for (let waited = 0; !alone() && waited < ANSWER; waited += 50) await sleep(50);
  }

  async function watch() {
    await cloud.shown;
    await introduced();
    for (let failures = 0; ; ) {
      await looked();
      const stop = new AbortController();
      const hide = () => document.hidden && stop.abort();
      document.addEventListener("visibilitychange", hide);
      let pause = RETRY;
      try {
        pause = await listen(stop.signal);
        failures = 0;
      } catch (error) {
        if (GONE.includes(error.status)) return;
        if (!stop.signal.aborted) pause = Math.min(MOST, RETRY * 2 ** failures++) * (0.5 + Math.random());
        if (error.status === 401) await cloud.renew();
      }
      document.removeEventListener("visibilitychange", hide);
      if (!stop.signal.aborted) await sleep(pause);
    }
  }

  watch().catch((error) => console.warn(error)); // a plot that could not be shown says so itself
})();
