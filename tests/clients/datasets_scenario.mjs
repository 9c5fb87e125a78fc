// Datasets and experiments in the JavaScript SDKs: the same three items as the Python drivers make.
import { seed, tell } from "./scenario.mjs";

export const name = `eu/capitals ${seed}`;
export const runMetadata = { model: "m-1", temperature: 0 };
const capitals = { [`fr-${seed}`]: ["France", "Paris"], [`de-${seed}`]: ["Germany", "Berlin"], [`xx-${seed}`]: ["Atlantis", "?"] };

/** Makes the dataset and its items; `createItem` and `getDataset` are the SDK's. */
export async function prepare(createItem, getDataset) {
  for (const [number, [id, [country, capital]]] of Object.entries(capitals).entries()) {
    await createItem({ datasetName: name, id, input: { country }, expectedOutput: capital, metadata: { number } });
  }
  await createItem({ datasetName: name, id: `xx-${seed}`, status: "ARCHIVED" });
  const dataset = await getDataset(name);
  const items = dataset.items.map(({ id, input, expectedOutput }) => ({ id, input, expectedOutput }));
  tell({ scenario: "dataset", name: dataset.name, id: dataset.id, description: dataset.description, items });
  return dataset;
}

/** What the application under test says. */
export function answer(country) {
  return { France: "Paris" }[country] ?? "Rome";
}

/** Says what the SDK's readers of runs say; `getRun` and `getRuns` are the SDK's. */
export async function readRuns(getRun, getRuns, ...names) {
  const runs = {};
  for (const runName of names) {
    const run = await getRun(runName);
    runs[runName] = { id: run.id, metadata: run.metadata, items: run.datasetRunItems.map((item) => item.datasetItemId).sort() };
  }
  const listed = await getRuns();
  tell({ scenario: "runs", runs, listed: listed.data.map((run) => run.name).sort(), total: listed.meta.totalItems });
}
