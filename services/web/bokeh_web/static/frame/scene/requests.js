// Requests to the API, with the view token of the frame.

/** @typedef {(url: string, options?: RequestInit) => Promise<Response>} Request */

/** An error response of the API. */
export class RequestError extends Error {
  /**
   * @param {string} message
   * @param {number} status of HTTP
   */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * Return the HTTP status of an error, or undefined if it is not an error response.
 * @param {unknown} error
 */
export const statusOf = (error) => (error instanceof RequestError ? error.status : undefined);

/**
 * Return the function that sends requests. It throws a `RequestError` for error responses.
 * @param {string} token
 * @returns {Request}
 */
export function makeRequest(token) {
  return async (url, options = {}) => {
    const headers = { Authorization: `Bearer ${token}`, ...options.headers };
    const response = await fetch(url, { ...options, headers, credentials: "omit" });
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    throw new RequestError(problem.detail ?? `${url} answered ${response.status}`, response.status);
  };
}
