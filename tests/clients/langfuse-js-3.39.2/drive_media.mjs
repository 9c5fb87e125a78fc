// Drives the media of `langfuse` 3.39.2.
import { audio, imageUri, readBack, references, told } from "../media_scenario.mjs";
import { baseUrl, keys, sdk, values } from "../scenario.mjs";

const { Langfuse, LangfuseMedia } = sdk("langfuse");
const { release, environment } = values;
const langfuse = new Langfuse({ ...keys, baseUrl, release, environment });

// This SDK loads node:crypto beside its first statements, and knows no media before that.
await new Promise((resolve) => setTimeout(resolve, 200));
const trace = langfuse.trace({ name: "media" });
const sound = new LangfuseMedia({ contentBytes: audio, contentType: "audio/wav" });
const first = trace.span({ name: "look", input: { image: imageUri, audio: sound } });
const second = trace.span({ name: "look-again", input: [imageUri] });
second.end();
first.end();
await langfuse.flushAsync();
const sent = references();
told(sent, trace.id, first.id, second.id);
await readBack(sent, (wanted) => langfuse.resolveMediaReferences(wanted));
