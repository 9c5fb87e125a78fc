// Drives the datasets of `langfuse` 3.39.2: the dataset by its first route, items linked to traces and to spans.
import { answer, name, prepare, readRuns, runMetadata } from "../datasets_scenario.mjs";
import { baseUrl, keys, sdk, tell, values } from "../scenario.mjs";

const { Langfuse } = sdk("langfuse");
const { release, environment } = values;
const langfuse = new Langfuse({ ...keys, baseUrl, release, environment });

await langfuse.createDataset({ name, description: "Where?", metadata: { team: "eu" } });
const dataset = await prepare(
  (body) => langfuse.createDatasetItem(body),
  (wanted) => langfuse.getDataset(wanted),
);
for (const item of dataset.items) {
  const output = answer(item.input.country);
  const trace = langfuse.trace({ name: "linked", input: item.input, output });
  trace.score({ name: "right", value: Number(output === item.expectedOutput) });
  await item.link(trace, "linked", { description: "each night", metadata: runMetadata });
  const span = langfuse.trace({ name: "with span" }).span({ name: "step", input: item.input.country });
  span.end({ output });
  await item.link(span, "linked to spans");
}
await langfuse.flushAsync();
tell({ scenario: "linked", runs: ["linked", "linked to spans"] });
await readRuns(
  (runName) => langfuse.getDatasetRun({ datasetName: name, runName }),
  () => langfuse.getDatasetRuns(name),
  "linked",
  "linked to spans",
);
