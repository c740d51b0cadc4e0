// Limits of the height of a frame.

const [MIN, MAX] = [120, 20000]; // pixels

/**
 * Tell whether a reported height is acceptable.
 * @param {unknown} height in pixels
 * @returns {height is number}
 */
export const isHeight = (height) => typeof height === "number" && height >= MIN && height <= MAX;
