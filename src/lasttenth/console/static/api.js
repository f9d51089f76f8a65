// The public API, which is all that the pages know the server by.

export const KEY = 'lasttenth-key'; // where the tab keeps the key

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export async function api(path) {
  const key = sessionStorage.getItem(KEY);
  const reply = await fetch(path, { headers: key ? { authorization: `Bearer ${key}` } : {} }).catch(() => null);
  const text = await reply?.text().catch(() => null);
  if (typeof text !== 'string') throw new ApiError(0, 'The server does not answer. Trying again every 2 seconds.');
  if (!reply.ok) throw new ApiError(reply.status, messageOf(text) || `The server answers ${reply.status}.`);
  // Times need more digits than a JavaScript number has: they are read as text.
  return JSON.parse(text.replace(/(?<=[{,]"(?:start|end)":)\d+/g, '"$&"'));
}

function messageOf(text) {
  try { return JSON.parse(text).error.message; } catch { return ''; }
}
