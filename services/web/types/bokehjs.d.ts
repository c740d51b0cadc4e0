// The parts of BokehJS that the frame uses, as they are in all versions from 3.4 to 3.9. BokehJS has types of its
// own, but those are of one version, and come with all dependencies of BokehJS.

declare namespace BokehJS {
  interface Signal {
    connect(slot: () => void): boolean;
  }

  interface Model {
    readonly id: string;
    readonly properties: Record<string, { readonly change: Signal }>;
    readonly change: Signal;
    references(): Iterable<Model>;
    setv(attributes: object): void;
  }

  interface Range extends Model {
    start: number;
    end: number;
    /** Only of ranges that follow their data: whether a user has changed them, after which they follow no more. */
    have_updated_interactively?: boolean;
  }

  interface Axis extends Model {
    axis_label?: unknown;
  }

  interface Renderer extends Model {
    glyph?: Model;
  }

  interface Figure extends Model {
    x_range: Range;
    y_range: Range;
    renderers?: Renderer[];
    below?: Axis[];
    left?: Axis[];
    title?: string | { text?: unknown } | null;
    width: number | null;
    inner_width?: number;
  }

  interface ColumnDataSource extends Model {
    data: Record<string, ArrayLike<unknown>>;
  }

  /** What draws a model. */
  interface View {
    readonly model: Model;
    export?(type: "png" | "svg", hidpi: boolean): { canvas: HTMLCanvasElement; to_blob(): Promise<Blob> };
  }

  interface Document {
    readonly is_idle: boolean;
    notify_idle(model: Model): void;
    readonly idle: Signal;
    roots(): Model[];
    get_model_by_id(id: string): Model | null;
    apply_json_patch(patch: { events: object[] }, buffers: Map<string, ArrayBuffer>): void;
  }

  interface SaveToolView {
    readonly parent: { export(): { to_blob(): Promise<Blob> } };
    doit(action?: string): void;
  }

  interface SaveTools {
    SaveToolView: { prototype: SaveToolView };
  }

  interface Callbacks {
    OpenURL: { prototype: { navigate(url: string): void } };
  }

  interface Documents {
    Document: { from_json(json: object, events: object[], buffers: Map<string, ArrayBuffer>): Document };
  }
}

declare const Bokeh: {
  require(module: "document"): BokehJS.Documents;
  require(module: "models/tools/actions/save_tool"): BokehJS.SaveTools;
  require(module: "models/callbacks/open_url"): BokehJS.Callbacks;
  readonly documents: BokehJS.Document[];
  readonly embed: {
    /** Resolves to a list in older versions, and to a collection that can be iterated in newer ones. */
    add_document_standalone(
      document: BokehJS.Document,
      element: HTMLElement,
      roots: HTMLElement[],
    ): Promise<Iterable<BokehJS.View>>;
  };
};
