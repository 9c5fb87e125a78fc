// Drives the media of @langfuse/tracing, otel and client 5.11.1.
import { audio, imageUri, readBack, references, told } from "../media_scenario.mjs";
import { baseUrl, keys, sdk, values } from "../scenario.mjs";

const { LangfuseClient, LangfuseMedia } = sdk("@langfuse/client");
const { LangfuseSpanProcessor } = sdk("@langfuse/otel");
const { startActiveObservation } = sdk("@langfuse/tracing");
const { NodeTracerProvider } = sdk("@opentelemetry/sdk-trace-node");

const { release, environment } = values;
const processor = new LangfuseSpanProcessor({ ...keys, baseUrl, release, environment });
new NodeTracerProvider({ spanProcessors: [processor] }).register();
const langfuse = new LangfuseClient({ ...keys, baseUrl });

const ids = startActiveObservation("media", (root) => {
  const sound = new LangfuseMedia({ source: "bytes", contentBytes: audio, contentType: "audio/wav" });
  const first = root.startObservation("look", { input: { image: imageUri, audio: sound } });
  const second = root.startObservation("look-again", { input: [imageUri] });
  first.end();
  second.end();
  return [root.traceId, first.id, second.id, root.id];
});
await processor.forceFlush();
const sent = references("base64_data_uri"); // this SDK turns bytes into a data URI first
told(sent, ...ids);
await readBack(sent, (wanted) => langfuse.media.resolveReferences(wanted));
