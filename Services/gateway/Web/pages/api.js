// Talking to the gateway. Every refusal becomes a `Refusal` with the server's own sentence.

export class Refusal extends Error {
  constructor(status, error) {
    super(error?.message ?? `The gateway answered ${status}.`);
    this.status = status;
    this.code = error?.code;
    this.field = error?.field;
  }
}

const json = (method, path, body) => send(method, path, body === undefined ? undefined : JSON.stringify(body), "application/json");

async function send(method, path, body, type) {
  let response;
  try {
    response = await fetch(`/api/v1/${path}`, { method, headers: body === undefined ? {} : { "Content-Type": type }, body });
  } catch {
    throw new Refusal(0, { message: "The gateway cannot be reached." });
  }
  if (response.status === 401) {
    location.replace("/login");
    throw new Refusal(401, { message: "Log in again." });
  }
  const text = await response.text();
  let value = null;
  try { value = text ? JSON.parse(text) : null; } catch { /* logs are text */ }
  if (!response.ok) throw new Refusal(response.status, value?.error);
  return { status: response.status, value, text };
}

export const api = {
  get: async (path) => (await send("GET", path)).value,
  text: async (path) => (await send("GET", path)).text,
  post: (path, body) => json("POST", path, body),
  put: (path, body) => json("PUT", path, body),
  remove: (path) => send("DELETE", path),
};

/** Sends a file as it is. */
export const upload = (path, file) => send("POST", path, file, file.type || "application/octet-stream");

/** What to say of a change that was done, or is only noted so far (202). */
export function said(answer, done) {
  return answer.status === 202 ? answer.value.message : answer.value?.message ?? done;
}

/** Waits for what becomes of a command that was only noted; null when nothing is known in time. */
export async function outcome(command, seconds = 40) {
  for (let tries = 0; tries < seconds; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const { outcome: found } = await api.get(`commands/${command}`);
    if (found?.refusal) throw new Refusal(422, { message: found.text ?? "This was refused.", field: found.field });
    if (found) return found;
  }
  return null;
}
