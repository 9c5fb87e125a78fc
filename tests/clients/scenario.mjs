// What both JavaScript drivers share: the values to send and the story of what should be read back.
import { readFileSync, readSync } from "node:fs";
import { createRequire } from "node:module";

// The packages live in a cached environment outside this tree, where `import` would not look for them.
export const sdk = createRequire(`${process.env.CLIENT_MODULES}/package.json`);

export const values = JSON.parse(readFileSync(new URL("./scenario.json", import.meta.url), "utf8"));
export const { observations, scores, openai, trace: agentTrace } = values;
export const baseUrl = process.env.LANGFUSE_BASE_URL;
export const keys = { publicKey: process.env.LANGFUSE_PUBLIC_KEY, secretKey: process.env.LANGFUSE_SECRET_KEY };
export const seed = process.env.CLIENT_SEED;
export const user = `user-${seed}`;
export const session = `session-${seed}`;

/** The attributes of an observation without its type and output. */
export function given(name) {
  const { type, output, ...attributes } = observations[name];
  return attributes;
}

/** A text of the size named in scenario.json, in UTF-16 units, not one run of the same character. */
export function largeText() {
  const line = "Order 1042 left the warehouse at 08:15 – »Zustellung heute«. ";
  return line.repeat(Math.ceil(values.largeBytes / line.length)).slice(0, values.largeBytes);
}

/** Collects what one trace should look like when read; fields are named as GET /api/public/traces/{id} names them. */
export class Story {
  constructor(scenario, traceId, trace = {}) {
    this.told = { scenario, trace: { id: traceId, environment: values.environment, ...trace }, observations: [], scores: [] };
  }

  /** Expects an observation with the values of scenario.json, overlaid with `fields`. */
  observation(name, id, parent = null, fields = {}) {
    const known = { level: "DEFAULT", ...observations[name] };
    this.told.observations.push({ id, name, parentObservationId: parent, ...known, ...fields });
  }

  /** Expects a score with the values of scenario.json, overlaid with `fields`. */
  score(name, id, fields = {}) {
    this.told.scores.push({ id, name, ...scores[name], ...fields });
  }

  /** Prints the story; called right after flush, so that the reader's clock starts there. */
  tell() {
    tell(this.told);
  }

  /** Prints the story and goes on when it has been read: for a trace that arrives in parts. */
  tellAndWait() {
    tell({ ...this.told, waits: true });
    readSync(0, Buffer.alloc(16));
  }
}

/** Prints one JSON line for the test that reads this driver. */
export function tell(line) {
  process.stdout.write(`${JSON.stringify({ ...line, flushed: Date.now() / 1000 })}\n`);
}

/** The trace fields of the main scenario as they should be read. */
export function expectedAgentTrace(differences = {}) {
  const { release, version } = values;
  return { ...agentTrace, userId: user, sessionId: session, release, version, ...differences };
}

/** Resolves when the server has the trace; the SDKs' own reading clients complain aloud about one that is not there yet. */
export async function readable(traceId) {
  const headers = { Authorization: `Basic ${btoa(`${keys.publicKey}:${keys.secretKey}`)}` };
  const deadline = Date.now() + 10_000;
  while (!(await fetch(`${baseUrl}/api/public/traces/${encodeURIComponent(traceId)}`, { headers })).ok) {
    if (Date.now() > deadline) throw new Error(`${traceId} cannot be read`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
