// The graph of models of a scene.

import { isModel } from "../scene/scene.js";

/** @typedef {import("../scene/scene.js").SceneModel} SceneModel */
/** @typedef {import("../scene/scene.js").Scene} Scene */

/**
 * Return the entries of a map, for which scenes have two representations.
 * @param {any} map
 * @returns {Map<string, any>}
 */
export const entriesOf = (map) => new Map(map?.type === "map" ? map.entries : Object.entries(map ?? {}));

/**
 * Tell whether a value refers to a model elsewhere in the scene.
 * @param {any} value
 */
const isReference = (value) =>
  !Array.isArray(value) && Object.keys(value).length === 1 && typeof value.id === "string";

/** The models of a scene by id, and which models refer to each. */
export class SceneGraph {
  /** @param {Scene} scene */
  constructor(scene) {
    /** @type {Map<string, SceneModel>} */
    this.models = new Map();
    /** @type {Map<string, Set<string | null>>} */
    this.owners = new Map();
    this.#walk(scene.roots, null);
    this.#walk(scene.callbacks, null);
  }

  /**
   * @param {any} value
   * @param {string | null} owner id of the model that it is part of; null for the document
   */
  #walk(value, owner) {
    if (value === null || typeof value !== "object") return;
    if (!isModel(value)) {
      if (isReference(value)) this.#refer(value.id, owner);
      for (const part of Object.values(value)) this.#walk(part, owner);
      return;
    }
    this.#refer(value.id, owner);
    this.models.set(value.id, value);
    for (const part of Object.values(value.attributes ?? {})) this.#walk(part, value.id);
  }

  /**
   * @param {string} id
   * @param {string | null} owner
   */
  #refer(id, owner) {
    const owners = this.owners.get(id) ?? new Set();
    this.owners.set(id, owners.add(owner));
  }

  /**
   * Return the model that a value is or refers to.
   * @param {any} value
   */
  model(value) {
    return this.models.get(value?.id);
  }

  /**
   * Return the attributes of the model that a value is or refers to.
   * @param {any} value
   */
  attributes(value) {
    return this.model(value)?.attributes ?? {};
  }

  /**
   * Return the models that refer to a model; undefined stands for the document.
   * @param {SceneModel} model
   */
  ownersOf(model) {
    return [...(this.owners.get(model.id) ?? [])].map((id) =>
      id === null ? undefined : this.models.get(id),
    );
  }

  /**
   * Return the models of a class.
   * @param {string} name
   */
  named(name) {
    return [...this.models.values()].filter((model) => model.name === name);
  }
}
