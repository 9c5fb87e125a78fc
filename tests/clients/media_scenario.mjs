// Media in the JavaScript SDKs: what is sent, and what their own resolver reads back.
import { createHash } from "node:crypto";
import { Story, seed, tell } from "./scenario.mjs";

// Unlike in every run, so that each file is new to the server.
export const image = Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47]), Buffer.from(seed.repeat(80))]);
export const audio = Buffer.from("RIFF" + seed.repeat(Math.floor(1_000_000 / seed.length)));
export const imageUri = uri("image/png", image);

function uri(type, bytes) {
  return `data:${type};base64,${bytes.toString("base64")}`;
}

function reference(type, bytes, source) {
  const id = createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
  return `@@@langfuseMedia:type=${type}|id=${id}|source=${source}@@@`;
}

/** What stands in the trace instead of the files; `audioSource` is how the SDK says that it got the sound. */
export function references(audioSource = "bytes") {
  return { image: reference("image/png", image, "base64_data_uri"), audio: reference("audio/wav", audio, audioSource) };
}

/** Expects two observations that carry references in the places of files. */
export function told({ image, audio }, traceId, first, second, parent = null) {
  const story = new Story("media", traceId, { name: "media" });
  if (parent !== null) story.observation("media", parent, null, { type: "SPAN" });
  story.observation("look", first, parent, { type: "SPAN", input: { image, audio } });
  story.observation("look-again", second, parent, { type: "SPAN", input: [image] });
  story.tell();
}

/** Says what the SDK makes of the references, and what it ought to be; `resolve` is the SDK's resolver. */
export async function readBack(sent, resolve) {
  const resolved = await resolve({ obj: { ...sent }, resolveWith: "base64DataUri" });
  const equal = { image: resolved.image === imageUri, audio: resolved.audio === uri("audio/wav", audio) };
  tell({ scenario: "media", references: sent, equal });
}
