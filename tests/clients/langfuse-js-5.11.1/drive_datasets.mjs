// Drives the datasets of @langfuse/client 5.11.1: `item.link` with a span, and `runExperiment`.
import { answer, name, prepare, readRuns, runMetadata } from "../datasets_scenario.mjs";
import { baseUrl, keys, sdk, tell, values } from "../scenario.mjs";

const { LangfuseClient } = sdk("@langfuse/client");
const { LangfuseSpanProcessor } = sdk("@langfuse/otel");
const { startObservation } = sdk("@langfuse/tracing");
const { NodeTracerProvider } = sdk("@opentelemetry/sdk-trace-node");

const processor = new LangfuseSpanProcessor({ ...keys, baseUrl, release: values.release });
new NodeTracerProvider({ spanProcessors: [processor] }).register();
const langfuse = new LangfuseClient({ ...keys, baseUrl });

await langfuse.api.datasets.create({
  name,
  description: "Where?",
  metadata: { team: "eu" },
  inputSchema: { type: "object", required: ["country"] },
  expectedOutputSchema: { type: "string" },
});
const dataset = await prepare(
  (body) => langfuse.dataset.createItem(body),
  (wanted) => langfuse.dataset.get(wanted),
);
for (const item of dataset.items) {
  const output = answer(item.input.country);
  const span = startObservation("linked", { input: item.input, output });
  langfuse.score.trace(span, { name: "right", value: Number(output === item.expectedOutput) });
  span.end();
  await item.link(span, "linked", { description: "each night", metadata: runMetadata });
}
await processor.forceFlush();
await langfuse.score.flush();
tell({ scenario: "linked", runs: ["linked"] });

const right = async ({ output, expectedOutput }) => ({ name: "right", value: Number(output === expectedOutput), comment: "compared" });
const share = async ({ itemResults }) => {
  const found = itemResults.flatMap((result) => result.evaluations.map((evaluation) => evaluation.value));
  return { name: "share", value: found.reduce((sum, value) => sum + value, 0) / found.length };
};
const result = await dataset.runExperiment({
  name: "capitals",
  runName: "with the SDK",
  description: "each night",
  metadata: runMetadata,
  task: async ({ input }) => answer(input.country),
  evaluators: [right],
  runEvaluators: [share],
});
await processor.forceFlush();
await langfuse.score.flush();
const id = result.experimentId ?? result.datasetRunId;
tell({ scenario: "experiment", run: "with the SDK", id, outputs: result.itemResults.map((one) => one.output) });
await readRuns(
  (runName) => langfuse.api.datasets.getRun(name, runName),
  () => langfuse.api.datasets.getRuns(name),
  "linked",
  "with the SDK",
);
